"""Presses every button of a page and holds back what it would change. Which requests a person may send is asked of the
policies that the routes declare."""

import json
import re
from dataclasses import dataclass

from playwright.sync_api import Page, Request, Route

from kumoi import app
from kumoi.kernel import routes
from kumoi.kernel.who import Who
from tests.dashboard.site import Site

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
LOOKS_ONLY = ("/kumoi/v1/placement/dry-run", "/kumoi/v1/session", "/identity/v3/auth/tokens")
"""Of the session itself, or changing nothing."""

_PRESS = """async path => {
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const until = async (met) => {
    const stop = Date.now() + 60000;
    for (; !met(); await rest(10)) if (Date.now() > stop) throw new Error(`${path}: not in time`);
  };
  if (window.requestsOnTheWay === undefined) {
    // Buttons come with what is loaded, so a page is settled when nothing is on its way. The stream of changes always is.
    window.requestsOnTheWay = 0;
    const send = window.fetch;
    window.fetch = async (asked, ...more) => {
      const counts = !String(asked?.url ?? asked).includes('/kumoi/v1/changes');
      if (counts) window.requestsOnTheWay += 1;
      try {
        return await send(asked, ...more);
      } finally {
        if (counts) setTimeout(() => (window.requestsOnTheWay -= 1));
      }
    };
  }
  const settled = () => document.querySelector('main h1, main .empty') && !document.querySelector('main [aria-busy=true]')
    && window.requestsOnTheWay === 0;
  const shut = () => {
    const leave = () => new Event('cancel', {cancelable: true});
    document.querySelectorAll('dialog[open]').forEach((open) => open.dispatchEvent(leave()));
  };
  const go = async () => {
    shut();
    const link = document.createElement('a');
    // Away and back, so that nothing is left of what was pressed.
    for (const target of [path === '/nowhere' ? '/' : '/nowhere', path]) {
      link.href = target;
      document.body.append(link);
      link.click();
      link.remove();
      // The page that is left is still there for a moment, and looks as settled as the next one.
      await until(() => document.querySelector('main').dataset.path === link.pathname && settled());
    }
    await rest(40);
    await until(settled);
  };
  const seen = (node) => node.checkVisibility() && !node.disabled;
  const first = (node) => node.closest('.table-row') === document.querySelector('main .table-row');
  const buttons = () => [...document.querySelectorAll('main button')].filter(
    (node) => seen(node) && !node.matches('.copy, .sort, .tab') && (first(node) || node.closest('.table-row') === null),
  );
  const set = (node, value) => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(node), 'value').set.call(node, value);
    node.dispatchEvent(new Event('input', {bubbles: true}));
    node.dispatchEvent(new Event('change', {bubbles: true}));
  };
  const fill = async (root) => {
    for (const node of root.querySelectorAll('select')) {
      const some = [...node.options].find((each) => each.value !== '');
      if (node.value === '' && some) set(node, some.value);
    }
    for (const node of root.querySelectorAll('input[type=file]')) {
      const files = new DataTransfer();
      files.items.add(new File(['x'], 'x.raw'));
      node.files = files.files;
      node.dispatchEvent(new Event('change', {bubbles: true}));
    }
    for (const node of root.querySelectorAll('input:not([type]), input[type=text], input[type=password], textarea')) {
      if (node.value === '') set(node, node.name === 'search' ? '' : 'x');
    }
    await rest(20);
  };
  const pressed = [];
  const press = async (node) => {
    pressed.push(node.getAttribute('aria-label') ?? node.textContent);
    const form = node.closest('form');
    if (form) await fill(form);
    node.click();
    await rest(30);
    const dialog = document.querySelector('dialog[open]');
    if (dialog === null) return;
    await rest(60);
    await fill(dialog);
    const last = [...dialog.querySelectorAll('footer button')].filter(seen).pop();
    if (last) {
      pressed.push(last.textContent);
      last.click();
      await rest(60);
    }
  };
  await go();
  const many = buttons().length;
  for (let at = 0; at < many; at += 1) {
    if (at > 0) await go();
    const node = buttons()[at];
    if (node === undefined) continue;
    if (node.getAttribute('aria-haspopup') !== 'menu') {
      await press(node);
      continue;
    }
    const items = () => [...document.querySelectorAll('[role=menu] [role=menuitem]')];
    node.click();
    await rest(30);
    const count = items().length;
    node.click();
    for (let item = 0; item < count; item += 1) {
      await go();
      buttons()[at]?.click();
      await rest(30);
      if (items()[item]) await press(items()[item]);
    }
  }
  await go();
  const all = document.querySelector('main .table-head input[type=checkbox]');
  if (all && document.querySelector('main .table-row')) {
    all.click();
    await rest(30);
    const within = () => [...document.querySelectorAll('main .chosen-bar button')].filter(seen);
    const number = within().length;
    for (let at = 0; at < number; at += 1) if (within()[at]) {
      await press(within()[at]);
      shut();
      await rest(30);
    }
  }
  return pressed;
}"""


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    action: str
    """The only key of the body, for actions."""


def asked(request: Request) -> Asked:
    path = re.sub(r"^https?://[^/]+|\?.*$", "", request.url)
    keys: list[str] = []
    if path.endswith("/action"):
        keys = list(json.loads(request.post_data or "{}"))
    return Asked(request.method, path, keys[0] if keys else "")


def hold(page: Page) -> list[Asked]:
    """Requests that would change something, from now on. None reaches the cloud."""
    held: list[Asked] = []

    def answer(route: Route) -> None:
        one = asked(route.request)
        if one.method not in CHANGING or one.path in LOOKS_ONLY:
            route.fallback()
            return
        held.append(one)
        route.fulfill(status=409, content_type="application/json", body='{"error": {"message": "held back"}}')

    page.route("**/*", answer)
    return held


def press(page: Page, path: str) -> list[str]:
    """Press all that can be pressed at a path; their names."""
    return list(page.evaluate(_PRESS, path))


def who(site: Site, user: str) -> Who:
    """The caller, as the policies see one."""
    token = site.ask("GET", "/identity/v3/auth/tokens", user, headers={"X-Subject-Token": site.token(user)})["token"]
    roles = frozenset(role["name"] for role in token["roles"])
    return Who(token["user"]["id"], user, project_id=token["project"]["id"], roles=roles)


def declared(one: Asked) -> list[routes.Route]:
    """The routes that answer a request."""
    found = []
    for service in app.load_services():
        for route in service.each():
            pattern = re.sub(r"\\\{(\w+):path\\\}", ".+", re.escape(service.prefix + route.path))
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
            if (
                route.method == one.method
                and (route.action or "") in ("", one.action)
                and re.fullmatch(pattern, one.path)
            ):
                found.append(route)
    exact = [route for route in found if route.action == one.action]
    return exact or found


def refused(held: list[Asked], caller: Who) -> list[Asked]:
    """Those that the policies do not let this caller send."""
    return [one for one in dict.fromkeys(held) if not any(route.policy.offers(caller) for route in declared(one))]


def changes_of_others(held: list[Asked], caller: Who) -> list[Asked]:
    """Those that change more than the caller's own account."""
    return [one for one in dict.fromkeys(held) if f"/users/{caller.user_id}/" not in one.path]
