"""The command `mockstore`: reads its arguments, makes one call, prints. Everything else is loaded when it is needed."""

import sys


def main() -> None:
    """Run the command with the arguments of this process, and exit with its code."""
    try:
        from mockstore.cli.app import mockstore  # noqa: PLC0415 - importing the package must not load click

        mockstore(prog_name="mockstore")
    except KeyboardInterrupt:  # while it was still loading
        sys.exit(130)
