"""Loaded by Schemathesis: every call is made by the user whose token the test hands over."""

import os
from typing import Any, TypeAlias

import schemathesis

Case: TypeAlias = schemathesis.Case[Any]


@schemathesis.auth()
class Caller:
    """Brings the token. As a header of the command it would tell Schemathesis the user's id, and be deleted by it."""

    def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
        return os.environ["PETSTORE_TOKEN"]

    def set(self, case: Case, data: str, _context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
