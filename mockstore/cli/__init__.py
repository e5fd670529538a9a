"""The command `mockstore`: parses the arguments, makes one call, prints. Other modules are imported when needed."""

import sys


def main() -> None:
    """Run the command with the arguments of this process, and exit with its code."""
    try:
        from mockstore.cli.app import mockstore  # noqa: PLC0415 - importing the package must not load click

        mockstore(prog_name="mockstore")
    except KeyboardInterrupt:  # Ctrl-C during the imports
        sys.exit(130)
