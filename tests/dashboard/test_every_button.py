"""Every button of every page, as each kind of person."""

from collections.abc import Callable

import pytest

from tests.dashboard import buttons
from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import PAGES

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


@pytest.mark.parametrize("user", ["admin", "demo", "reader"])
def test_no_button_asks_what_the_policies_refuse(
    visit: Begin, described: dict[str, str], site: Site, user: str
) -> None:
    """Every button of every page is pressed, and what it asks for is held back."""
    someone = visit()
    page = someone.sign_in(user)
    site.until_active(described["servers"].rsplit("/", 1)[1])
    caller, held = buttons.who(site, user), buttons.hold(page)
    pressed = {path: buttons.press(page, path) for path in [*PAGES, *described.values()]}
    assert buttons.refused(held, caller) == []
    if user == "reader":
        assert buttons.changes_of_others(held, caller) == []
        return
    assert sum(map(len, pressed.values())) > 100
    assert {"os-stop", "os-extend"} <= {one.action for one in held}
    assert [one for one in held if one.method == "POST" and one.path == "/compute/v2.1/servers"]
    assert [one for one in held if one.method == "DELETE" and one.path.startswith("/network/v2.0/")]
    assert any(one.path == "/identity/v3/users" for one in held) == (user == "admin")
