"""A creating POST asked twice with one Idempotency-Key makes one thing and gives one answer, on both databases."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kumoi.kernel.clock import SECOND
from kumoi.kernel.idempotency import KEPT, forget_old, replies
from tests.cloud import Cloud

KEYPAIRS = "/compute/v2.1/os-keypairs"


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Iterator[Cloud]:
    made = Cloud(tmp_path, database_url)
    yield made
    made.close()


def create(cloud: Cloud, key: str, name: str = "one", as_: str = "member") -> Any:
    return cloud.post(KEYPAIRS, as_=as_, headers={"Idempotency-Key": key}, json={"keypair": {"name": name}})


def test_the_first_answer_comes_again_secrets_included(cloud: Cloud) -> None:
    first, second = create(cloud, "k1"), create(cloud, "k1")
    assert first.status_code == second.status_code == 200
    assert first.json == second.json and "PRIVATE KEY" in second.json["keypair"]["private_key"]
    kept = cloud.database.read(lambda tx: tx.scalar(sa.select(replies.c.reply)))
    assert "PRIVATE" not in kept and len(cloud.get(KEYPAIRS).json["keypairs"]) == 1


def test_another_body_is_refused(cloud: Cloud) -> None:
    create(cloud, "k1")
    assert create(cloud, "k1", name="two").status_code == 422
    assert create(cloud, "").status_code == 400


def test_a_key_belongs_to_its_user(cloud: Cloud) -> None:
    mine, theirs = create(cloud, "k1"), create(cloud, "k1", as_="other")
    assert mine.json["keypair"]["private_key"] != theirs.json["keypair"]["private_key"]


def test_a_refusal_is_not_kept(cloud: Cloud) -> None:
    create(cloud, "k0", name="taken")
    assert create(cloud, "k1", name="taken").status_code == 409
    cloud.delete(f"{KEYPAIRS}/taken")
    assert create(cloud, "k1", name="taken").status_code == 200


def test_twenty_at_once_make_one(cloud: Cloud) -> None:
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(create(cloud, "same"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["keypair"]["private_key"] for answer in answers}) == 1


def test_after_a_day_it_is_a_new_question(cloud: Cloud) -> None:
    create(cloud, "k1")
    cloud.delete(f"{KEYPAIRS}/one")
    cloud.database.write(
        lambda tx: tx.execute(replies.update().values(created_at=replies.c.created_at - KEPT - SECOND))
    )
    assert create(cloud, "k1").status_code == 200
    assert cloud.database.write(forget_old) == 0
