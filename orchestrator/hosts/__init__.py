"""Hosts over SSH: connections, commands, files, facts, a lock with a generation number, detached jobs."""

from orchestrator.hosts.command import Completed
from orchestrator.hosts.errors import (
    HostAuthFailed,
    HostBusy,
    HostDenied,
    HostDiskFull,
    HostError,
    HostFileMissing,
    HostKeyMismatch,
    HostTimeout,
    HostUnreachable,
    StaleGeneration,
)
from orchestrator.hosts.facts import GpuFact, HostFacts, PythonFact
from orchestrator.hosts.host import Host
from orchestrator.hosts.jobs import Job, JobResult, Jobs, JobState
from orchestrator.hosts.link import Limits
from orchestrator.hosts.lock import Lease, LockHolder
from orchestrator.hosts.pool import HostPool
from orchestrator.hosts.ports import PortHolder

__all__ = [
    "Completed",
    "GpuFact",
    "Host",
    "HostAuthFailed",
    "HostBusy",
    "HostDenied",
    "HostDiskFull",
    "HostError",
    "HostFacts",
    "HostFileMissing",
    "HostKeyMismatch",
    "HostPool",
    "HostTimeout",
    "HostUnreachable",
    "Job",
    "JobResult",
    "JobState",
    "Jobs",
    "Lease",
    "Limits",
    "LockHolder",
    "PortHolder",
    "PythonFact",
    "StaleGeneration",
]
