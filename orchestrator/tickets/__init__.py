"""Tickets as people write them, turned into data. Pure: nothing here reads a file or a network."""

from orchestrator.tickets.spec import DeploySpec, TicketProblem, TicketProblems

__all__ = ["DeploySpec", "TicketProblem", "TicketProblems"]
