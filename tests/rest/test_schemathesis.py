import os
import subprocess
import sys
from pathlib import Path

from mockstore.settings import Settings
from mockstore.web.serve import serving

HERE = Path(__file__).parent
TENANT = "019b4132-70aa-764f-b315-e2803d882a24"
CALLER = {"username": "caller", "password": "correct horse battery staple"}


def test_the_server_does_what_its_document_says(tmp_path: Path) -> None:
    settings = Settings(port=0, clock="virtual", auth="strict")

    with serving(settings) as (server, tenants):
        store = tenants.of(TENANT)
        store.hold()  # the generated webhooks may have any URL
        store.users.add(**CALLER, email="caller@example.com", firstName="Cal", lastName="Ler")
        token = store.shop.tokens.issue(CALLER)["token"]
        command = [
            str(Path(sys.executable).with_name("st")),
            *("--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{server.url}/v1/openapi.json"),
            *("--header", f"X-Tenant-ID: {TENANT}"),
            *("--checks", "all", "--max-examples", "8", "--seed", "1", "--generation-database", "none"),
        ]
        known = {"PETSTORE_TOKEN": token, "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")}
        ran = subprocess.run(
            command, env={**os.environ, **known}, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert ran.returncode == 0, ran.stdout
