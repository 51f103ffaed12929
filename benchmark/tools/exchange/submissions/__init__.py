"""Submissions: a method with its weights, code and terms, for others to score again.

`submit` packs one, `opened` checks one that comes from anybody without running any of it, `verify`
scores its weights again; `run_all.py import` takes its cells into a results folder.
"""

from benchmark.tools.exchange.form import FORM, Form, form_of, write_template
from benchmark.tools.exchange.submissions.packing import Packed, chosen, submit
from benchmark.tools.exchange.submissions.reading import Submission, opened
from benchmark.tools.exchange.submissions.scoring import Verified
from benchmark.tools.exchange.submissions.verifying import plan, verify, why_not

__all__ = [
    "FORM",
    "Form",
    "Packed",
    "Submission",
    "Verified",
    "chosen",
    "form_of",
    "opened",
    "plan",
    "submit",
    "verify",
    "why_not",
    "write_template",
]
