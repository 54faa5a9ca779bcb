"""Uids of guests: each its own, none given twice."""

import pytest

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.engines.hypervisor.qemu.users import FIRST, IN_SLOT, SLOTS, GuestUsers, uids_of
from kumoi.kernel.settings import Settings


def test_each_cloud_has_uids_of_its_own_unless_the_setting_says_which() -> None:
    one, other = (uids_of(Settings(cloud_id=cloud_id)) for cloud_id in ("000001", "abcdef"))
    assert len(one) == len(other) == IN_SLOT and set(one).isdisjoint(other)
    assert other[-1] < FIRST + SLOTS * IN_SLOT == 1 << 31
    assert uids_of(Settings(cloud_id="abcdef", guest_uids="700000-700009")) == range(700000, 700010)


def test_a_guest_keeps_its_uid() -> None:
    users = GuestUsers(range(100, 110), {})
    assert users.of("one") == users.of("one") == 100
    assert users.of("other") == 101


def test_a_uid_that_a_record_or_a_file_names_is_given_to_nobody() -> None:
    users = GuestUsers(range(100, 104), {"one": 100}, owners=[0, 102])
    assert {users.of("other"), users.of("third")} == {101, 103}
    with pytest.raises(HypervisorError, match="guest_uids"):
        users.of("fourth")
    users.release("one")
    assert users.of("fourth") == 100


def test_a_freed_uid_is_given_last() -> None:
    users = GuestUsers(range(100, 103), {})
    users.of("one")
    users.release("one")
    assert [users.of(name) for name in ("two", "three", "four")] == [101, 102, 100]


def test_a_uid_outside_the_range_is_replaced_when_the_guest_starts_next() -> None:
    users = GuestUsers(range(100, 110), {"one": 5})
    assert users.of("one") == 100
