"""Loaded by Schemathesis: adds the token in `PETSTORE_TOKEN` to each request."""

import os
from typing import Any, TypeAlias

import schemathesis

Case: TypeAlias = schemathesis.Case[Any]


@schemathesis.auth()
class Caller:
    """Adds the token. With `--header`, Schemathesis would find the user's id in it, and delete the user in a test."""

    def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
        return os.environ["PETSTORE_TOKEN"]

    def set(self, case: Case, data: str, _context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
