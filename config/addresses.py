"""Where to listen: hosts with ports, and ranges of ports."""

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: "str | Address") -> "Address":
        """Return the address that HOST:PORT names; IPv6 hosts stand in brackets.

        Raises:
            ValueError: if it is not of that form.
        """
        if isinstance(text, Address):
            return text
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:8080")
        return cls(host, int(port))

    @property
    def is_wildcard(self) -> bool:
        """Say whether this means every address of the machine."""
        try:
            return ip_address(self.host).is_unspecified
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class PortRange:
    """UDP ports for media, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: "str | PortRange") -> "PortRange":
        """Return the range that FIRST-LAST names; a call leg takes an even port and the next.

        Raises:
            ValueError: if it is not of that form or holds fewer than four ports.
        """
        if isinstance(text, PortRange):
            return text
        first, _, last = text.partition("-")
        if not (first.isdecimal() and last.isdecimal()):
            raise ValueError(f"{text!r} is not FIRST-LAST, for example 16384-17383")
        if not 1024 <= int(first) <= int(last) - 3 <= 65532:
            raise ValueError(f"{text!r} must hold at least 4 ports between 1024 and 65535")
        return cls(int(first), int(last))
