"""`mockstore completion`: the script with which a shell completes commands, options and event types."""

import click
from click.shell_completion import get_completion_class

from mockstore.cli.options import json_option
from mockstore.cli.show import say_json
from mockstore.errors import MockstoreError

EPILOG = """\b
Examples:
  eval "$(mockstore completion bash)"                          in ~/.bashrc
  eval "$(mockstore completion zsh)"                           in ~/.zshrc
  mockstore completion fish > ~/.config/fish/completions/mockstore.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
@click.pass_context
def completion(context: click.Context, *, shell: str, as_json: bool) -> None:
    """Print what makes your SHELL complete the commands of mockstore."""
    found = get_completion_class(shell)
    if found is None:
        raise MockstoreError(f"this version of click cannot complete for {shell}")
    root = context.find_root().command
    try:
        script = found(root, {}, "mockstore", "_MOCKSTORE_COMPLETE").source()
    except RuntimeError as error:  # bash is too old for completion
        raise MockstoreError(f"{shell}: {error}") from None
    if as_json:
        say_json({"shell": shell, "script": script})
    else:
        click.echo(script)
