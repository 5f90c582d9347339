"""Tickets as people write them, turned into data. Pure: nothing here reads a file or a network."""

from orchestrator.tickets.parse import parse_ticket
from orchestrator.tickets.rule import ExtraRule, TicketRules, TitleRule, is_ours, plain_title
from orchestrator.tickets.spec import DeploySpec, TicketProblem, TicketProblems

__all__ = [
    "DeploySpec",
    "ExtraRule",
    "TicketProblem",
    "TicketProblems",
    "TicketRules",
    "TitleRule",
    "is_ours",
    "parse_ticket",
    "plain_title",
]
