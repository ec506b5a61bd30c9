"""Where events are sent, and the credential they carry."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

# What Auth0 accepts as the key of a `custom_header` authorization.
HEADER_NAME = re.compile(r"[a-zA-Z0-9!#$%&'*+.^_`|~-]+")
USERNAME_LENGTH_MAX = 128


class BadTarget(Exception):
    """URL or credential cannot be used; the text says why and tells no secret."""


@dataclass(frozen=True)
class Target:
    """A webhook. The headers hold its secret and are kept out of the repr."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no URL of a web server (Auth0 itself wants https)."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadTarget("the URL must begin with http:// or https:// and a host")

    @classmethod
    def bearer(cls, url: str, token: str) -> Self:
        """Send `Authorization: Bearer …`."""
        return cls(url, {"Authorization": f"Bearer {_one_line(token)}"})

    @classmethod
    def basic(cls, url: str, user_and_password: str) -> Self:
        """Send `Authorization: Basic …` of USER:PASSWORD."""
        user, colon, _ = user_and_password.partition(":")
        if not colon or len(user) > USERNAME_LENGTH_MAX:
            raise BadTarget("basic needs USER:PASSWORD, USER of at most 128 characters")
        encoded = base64.b64encode(user_and_password.encode()).decode()
        return cls(url, {"Authorization": f"Basic {encoded}"})

    @classmethod
    def header(cls, url: str, name_and_value: str) -> Self:
        """Send a header of one's own, given as NAME=VALUE."""
        name, equals, value = name_and_value.partition("=")
        if not equals or not HEADER_NAME.fullmatch(name):
            raise BadTarget("header needs NAME=VALUE, NAME as HTTP allows it")
        return cls(url, {name: _one_line(value)})


def _one_line(secret: str) -> str:
    if not secret.isprintable() or not secret:
        raise BadTarget("a secret must be printable text in one line")
    return secret
