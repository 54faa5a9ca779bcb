"""One container's turn: what it had at the beginning is walked through by name, then its recorded changes are sent."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing

import msgspec

from kumoi.engines.objects.interface import Change, Container, ObjectsError, ObjectStore, Page, Writing
from kumoi.kernel import clock
from kumoi.services.object_store import limits, realms
from kumoi.services.object_store.access import READ, WRITE
from kumoi.services.object_store.realms import Realms, Target
from kumoi.services.object_store.sync.lines import Down
from kumoi.services.object_store.sync.sending import Refused, Sender, Sent
from kumoi.services.object_store.synced import KEY, Following

LONGEST = 30 * clock.SECOND
"""How long one container is copied before the next one has its turn."""
BATCH = 500
SETTLED_AT_ONCE = 64
REST, LONG_REST = 30, 300
"""Seconds between two attempts at most: after some objects failed, and after all did."""
_DESCRIBED = ("x-container-meta-", READ, WRITE)


class Turn:
    """`state` is what is kept between turns."""

    def __init__(self, store: ObjectStore, container: Container, state: Following) -> None:
        self._store, self._container, self.state = store, container, state
        self._until = clock.now() + LONGEST
        self._problem, self._hopeless, self.more = "", False, False

    def run(self, known: Realms) -> None:
        state = self.state
        try:
            target = realms.target(known, state.to, self._container.account, self._container.name)
            if state.walked is None and not self._changes(0, 1) and not self._undescribed(target):
                return self._end()
            with closing(Sender(self._store, self._container, target, self._container.metadata.get(KEY, ""))) as sender:
                self._describe(sender, target)
                self._walk(sender)
                self._follow(sender)
        except realms.Invalid as problem:
            self._problem, self._hopeless = f"X-Container-Sync-To: {problem}", True
        except (Refused, Down, ObjectsError) as problem:
            self._problem, self._hopeless = str(problem), True
        self._end()

    def _end(self) -> None:
        state, now = self.state, clock.now()
        if not self._problem:
            state.error, state.failures, state.failing_since, state.retry_at = "", 0, 0, 0
            return
        self.more = False
        state.error, state.failures = self._problem[:500], state.failures + 1
        state.failing_since = state.failing_since or now
        rest = min(LONG_REST if self._hopeless else REST, 2 ** min(state.failures, 10))
        state.retry_at = now + rest * clock.SECOND

    def keep(self, tx: Writing) -> None:
        """Write the state, unless the container has meanwhile been told to go elsewhere."""
        raw = tx.follower(self._container)
        if raw is not None and msgspec.json.decode(raw, type=Following).to == self.state.to:
            tx.put_follower(self._container, msgspec.json.encode(self.state))

    def _goes_on(self) -> bool:
        if clock.now() < self._until:
            return True
        self.more = True
        return False

    def _undescribed(self, target: Target) -> str:
        """The digest of the container's metadata, if the other cloud is to have them and has not."""
        if not target.whole:
            return ""
        digest = hashlib.sha256(msgspec.json.encode(self._description(), order="deterministic")).hexdigest()
        return "" if digest == self.state.described else digest

    def _description(self) -> dict[str, str]:
        metadata = self._container.metadata
        return {key: limits.encoded(value) for key, value in metadata.items() if key.startswith(_DESCRIBED)}

    def _describe(self, sender: Sender, target: Target) -> None:
        if digest := self._undescribed(target):
            sender.describe(self._description())
            self.state.described = digest

    def _walk(self, sender: Sender) -> None:
        state = self.state
        while state.walked is not None and not self._hopeless and self._goes_on():
            page = Page(limit=BATCH, marker=state.walked)
            rows = self._store.read(lambda tx, page=page: tx.objects(self._container, page))  # type: ignore[misc]
            changes = [Change(id=0, name=row.name, at=0, gone=False) for row in rows]
            sent = {each.change.name: each for each in self._sent(sender, changes)}
            passed = []
            for change in changes:
                if change.name not in sent:
                    break
                passed.append(sent[change.name])
            if self._hopeless or (rows and not passed):
                return
            if len(passed) == len(rows) < BATCH:
                state.walked = None
            elif passed:
                state.walked = passed[-1].change.name
            self._store.write(lambda tx, passed=passed: self._pass(tx, passed)).result()  # type: ignore[misc]

    def _pass(self, tx: Writing, passed: Sequence[Sent]) -> None:
        """Those that failed become changes, so that the walk can go on."""
        for each in passed:
            if each.problem and (found := tx.object(self._container, each.change.name)):
                tx.note_change(self._container, Change(id=0, name=found.name, at=found.at, gone=False))
        self.keep(tx)

    def _follow(self, sender: Sender) -> None:
        after, failed = 0, set[str]()
        while not self._hopeless and self._goes_on() and (rows := self._changes(after, BATCH)):
            after = rows[-1].id
            # What failed stands at the end again, for the next turn.
            rows = [row for row in rows if row.name not in failed]
            if not rows:
                return
            settled: list[Sent] = []
            for each in self._sent(sender, rows):
                settled.append(each)
                if each.problem:
                    failed.add(each.change.name)
                if len(settled) == SETTLED_AT_ONCE:
                    self._settle(settled)
                    settled = []
            self._settle(settled)

    def _sent(self, sender: Sender, changes: Sequence[Change]) -> Iterator[Sent]:
        state, count = self.state, 0
        for each in sender.send(changes, self._goes_on):
            count += 1
            if each.problem:
                self._problem = each.problem
            elif each.bytes is not None:
                state.sent, state.bytes = state.sent + 1, state.bytes + each.bytes
            state.removed += each.removed
            yield each
        if count < len(changes) and not self.more:
            self._hopeless = True

    def _settle(self, settled: list[Sent]) -> None:
        def work(tx: Writing) -> None:
            for each in settled:
                tx.settle_change(self._container, each.change, again=bool(each.problem))

        if settled:
            self._store.write(work).result()

    def _changes(self, after: int, most: int) -> list[Change]:
        return self._store.read(lambda tx: tx.changes(self._container, after, most))
