"""Candidates for a query, with the names in it checked."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.queries import Params
from kumoi.services.placement.allocation_candidates.queries import Behaves, parse
from kumoi.services.placement.allocation_candidates.search import Candidate, Question, World, search
from kumoi.services.placement.resource_classes import logic as resource_classes
from kumoi.services.placement.traits import logic as traits


def find(tx: Transaction, params: Params, behaves: Behaves) -> tuple[World, Question, list[Candidate]]:
    question = parse(params, behaves)
    for wish in (*question.groups.values(), question.root):
        resource_classes.check(tx, wish.resources)
        traits.check_wish(tx, wish)
    world = World(tx)
    return world, question, search(world, question)
