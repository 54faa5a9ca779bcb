"""`python -m tests.fuzz`: plays seeds on both databases, prints counts and failures, writes reports/fuzz.json.

`--seconds`: the time for each database; otherwise `--count` seeds are played. With one seed, every person calls each
route of every service `--examples` times. The same seed, service and person send the same requests again.
"""

import argparse
import multiprocessing
import sys
from collections import Counter
from random import Random

from kumoi import app
from kumoi.kernel import clock
from tests.databases import PostgreSQL, programs
from tests.fuzz.asking import Asking, Heard
from tests.fuzz.furnished import PERSONS
from tests.matrix import report


def play(arguments: argparse.Namespace, database: str) -> Heard:
    """The results of one database's cloud."""
    services = [s for s in app.load_services() if arguments.service in ("", s.type)]
    persons = [person for person in PERSONS if arguments.person in ("", person)]
    server = PostgreSQL.start() if database == "postgresql" else None
    asking = Asking(server)
    began, number = clock.monotonic(), arguments.seed
    try:
        while number < arguments.seed + arguments.count or arguments.seconds:
            plays = [(service, person) for service in services for person in persons]
            Random(number).shuffle(plays)
            for service, person in plays:
                if arguments.seconds and clock.monotonic() - began > arguments.seconds:
                    return asking.heard
                before = len(asking.heard.findings)
                asking.play(service, person, number, arguments.examples, arguments.route)
                if len(asking.heard.findings) > before:
                    print(f"make fuzz SERVICE={service.type} PERSON={person} SEED={number} DATABASE={database}"
                          f" EXAMPLES={arguments.examples}", flush=True)  # fmt: skip
            print(f"seed {number} on {database}: {asking.heard.requests.total()} requests so far", flush=True)
            number += 1
    finally:
        asking.remove()
        if server:
            server.stop()
    return asking.heard


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--examples", type=int, default=10)
    parser.add_argument("--service", default="")
    parser.add_argument("--person", default="")
    parser.add_argument("--route", default="", help="only routes with this in `METHOD /path`")
    parser.add_argument("--database", default="")
    arguments = parser.parse_args()
    every = ["sqlite", "postgresql"] if programs() else ["sqlite"]
    databases = [each for each in every if arguments.database in ("", each)]
    began = clock.monotonic()
    with multiprocessing.get_context("fork").Pool(len(databases)) as pool:
        found = pool.starmap(play, [(arguments, database) for database in databases])
    total: Counter[str] = Counter()
    for database, heard in zip(databases, found, strict=True):
        report.note("fuzz", f"make fuzz {database}", heard.counts())
        total.update(heard.counts())
        if heard.findings:
            print(f"\n{database}:\n{heard.told()}")
    for name, times in sorted(total.items()):
        print(f"{times:8} {name}")
    print(f"{total['requests']} requests in {clock.monotonic() - began:.0f} s")
    if total["failures"]:
        sys.exit(f"{total['failures']} failures")


if __name__ == "__main__":
    main()
