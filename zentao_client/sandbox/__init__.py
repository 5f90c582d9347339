"""An embedded ZenTao: a real HTTP server with the observed behaviour of 18.8 and 22.4, traps included."""

from .dialect import VersionName
from .faults import Fault, Faults
from .seeding import Seed
from .server import Sandbox

__all__ = ["Fault", "Faults", "Sandbox", "Seed", "VersionName"]
