"""The proxy through which a process reaches the world, where its machine may not do so by itself.

slack_sdk takes what it finds in the environment for every address, this machine's own too, and knows no
exceptions; aiohttp takes nothing. Here one rule holds for all that we ask.
"""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # it is there


@dataclass(frozen=True)
class Proxies:
    #: `http://user:password@proxy.example.com:3128`; None where none is needed.
    address: str | None = field(default=None, repr=False)
    #: Hosts and domains that are reached without it, as NO_PROXY lists them.
    exceptions: str = ""

    def of(self, url: str) -> str | None:
        """The proxy through which this address is reached; None when it is reached directly."""
        host = urlsplit(url).hostname or ""
        if self.address is None or _is_this_machine(host):
            return None
        return None if proxy_bypass_environment(host, {"no": self.exceptions}) else self.address


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
