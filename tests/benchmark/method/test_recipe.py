"""A recipe takes only what the engine trains by."""

from typing import Any

import pytest

from benchmark.method import Recipe


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"optimiser": "adamw"}, "'optimiser': expected one of 'adam', .*, found 'adamw'"),
        ({"schedule": "cosine"}, "'schedule': expected one of 'one-cycle', .*, found 'cosine'"),
        ({"loss_reduction": "Sum"}, "'loss_reduction': expected one of 'mean', 'sum', found 'Sum'"),
        ({"optimiser": "muon", "weight_decay": 0.1}, "'weight_decay': expected 0 with"),
    ],
)
def test_what_would_train_something_else_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^Recipe's {said}"):
        Recipe(**fields)
