"""The page in a browser: light and dark, any width, names for everything, and nothing foreign."""

from pathlib import Path

import pytest

from tests.reports.conftest import Make
from tests.reports.page.browser import Tab
from tests.reports.page.conftest import written
from tests.reports.page.in_browser.support import rows, seen, text


def colours(tab: Tab) -> tuple[str, str]:
    """Return the paper's and the ink's colour."""
    style = "getComputedStyle(document.body)"
    return tab.run(f"{style}.backgroundColor"), tab.run(f"{style}.color")


def test_it_follows_the_system_and_the_switch_in_light_and_dark(opened: Tab) -> None:
    light = colours(opened)
    opened.prefer(prefers_color_scheme="dark")
    dark = colours(opened)
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    opened.choose("#theme", "light")
    assert colours(opened) == light
    opened.prefer(prefers_color_scheme="light")
    opened.choose("#theme", "dark")
    assert colours(opened) == dark
    opened.choose("#theme", "auto")
    assert colours(opened) == light


@pytest.mark.parametrize("width", [320, 390, 768, 1360])
def test_no_width_makes_the_page_scroll_sideways(opened: Tab, width: int) -> None:
    opened.size(width)
    seen(opened)
    opened.choose("#view-mode", "error")
    element = "document.documentElement"
    assert opened.run(f"{element}.scrollWidth") <= opened.run(f"{element}.clientWidth")


def test_everything_that_can_be_operated_has_a_name(opened: Tab) -> None:
    seen(opened)
    opened.call("Accessibility.enable")
    tree = opened.call("Accessibility.getFullAXTree")["nodes"]
    wanted = {"button", "checkbox", "combobox", "searchbox", "slider", "spinbutton", "table",
              "image", "link", "application"}  # fmt: skip
    roles = [one for one in tree if not one["ignored"] and one["role"]["value"] in wanted]
    nameless = [one["role"]["value"] for one in roles if not one.get("name", {}).get("value")]
    assert len(roles) > 50
    assert nameless == []


def test_motion_is_left_out_where_it_is_not_wanted(opened: Tab) -> None:
    style = "getComputedStyle(document.documentElement).scrollBehavior"
    assert opened.run(style) == "smooth"
    opened.prefer(prefers_reduced_motion="reduce")
    assert opened.run(style) == "auto"


def test_hostile_names_are_only_text(tab: Tab, make: Make, tmp_path: Path) -> None:
    evil = "</script><img src=x onerror=alert(1)><!--"
    make("__proto__", 2, title=evil, warnings=[evil], remark=evil, test=[evil, "face"])
    make("constructor", 2, psnr=31.0, title=f"{evil}2")
    make("broken", 2, status="failed", reason=evil)
    page = written(tmp_path).page
    tab.open(page)
    seen(tab)
    assert tab.run("document.querySelectorAll('img, iframe, object').length") == 0
    assert evil in rows(tab)
    assert evil in text(tab, "#comparison .notes")
    assert tab.complaints() == []
    assert [one for one in tab.requests() if not one.startswith("data:")] == [page.as_uri()]


def test_the_policy_stops_what_is_not_the_pages_own(opened: Tab) -> None:
    stopped = opened.run(
        "new Promise((done) => {"
        "  document.addEventListener('securitypolicyviolation',"
        "    (one) => done(one.violatedDirective));"
        "  const script = document.createElement('script');"
        "  script.textContent = 'window.ran = true';"
        "  document.body.append(script);"
        "})"
    )
    assert stopped == "script-src-elem"
    assert opened.run("window.ran") is None
    fetched = opened.run("fetch('https://example.org').then(() => 'came', () => 'stopped')")
    assert fetched == "stopped"
    assert len(opened.complaints()) >= 2  # the test of complaints sees such things
    opened.said.clear()
    opened.open(Path(opened.run("decodeURIComponent(location.pathname)")))
