"""The groups of commands: they import a command when it is called, and print its errors as one line."""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click
from msgspec import Struct

from mockstore.cli.terminal_text import safe
from mockstore.errors import MockstoreError

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 + SIGINT."""
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""The errors of a disk that cannot store more output."""
CLOSED_PIPE = 141
"""The exit code when the reader has closed the pipe: 128 + SIGPIPE."""


class RefusalError(click.ClickException):
    """The command cannot be carried out; the message is printed as one line."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ANN401, ARG002 - as click declares it
        """Print the message to stderr."""
        line = safe(" ".join(self.format_message().split()))
        click.echo(f"{click.style('mockstore:', fg='red')} {line}", err=True)


class Entry(Struct, frozen=True):
    """A command in the table: the module that defines it, under the name of the command, and its short help."""

    module: str
    help: str


class Group(click.Group):
    """A group that suggests the nearest command when a name is unknown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with; raise `UsageError` when there is none."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            near = get_close_matches(args[0], known, n=2)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"commands: {', '.join(known)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; without an epilog it gets those examples of the group that call it."""
        super().add_command(cmd, name)
        lines = (self.epilog or "").splitlines()
        own = [line for line in lines if f"{line.strip()} ".startswith(self.example_prefixes(name or cmd.name or ""))]
        if own and cmd.epilog is None:
            cmd.epilog = "\n".join(["\b", "Examples:", *own])

    def example_prefixes(self, called: str) -> tuple[str, ...]:
        """Return the texts with which an example of the command may begin."""
        return (f"mockstore {self.name} {called} ",)


class DefaultGroup(Group):
    """A group that runs its first command when none is named: `webhooks` lists the webhooks."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the name of the default command when the arguments name none."""
        completing = ctx.resilient_parsing and not args  # the shell asks for the names of the commands
        if not completing and (not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)):
            args = [self.list_commands(ctx)[0], *args]
        return super().parse_args(ctx, args)

    def example_prefixes(self, called: str) -> tuple[str, ...]:
        """Return the texts with which an example may begin; that of the default command need not name it."""
        named = super().example_prefixes(called)
        is_default = called == next(iter(self.commands))
        return (*named, f"mockstore {self.name} -") if is_default else named

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click declares it
        """Return the names in the order of their definition."""
        return list(self.commands)


class LazyGroup(Group):
    """The root group: imports the module of a command when it is called, and prints each error as one line."""

    def __init__(self, *, sections: Mapping[str, Mapping[str, Entry]], **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(**settings)
        self._sections = sections
        self._entries = {name: entry for section in sections.values() for name, entry in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click declares it
        """Return the names in the order of the table."""
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click declares it
        """Import the command; return None when the table does not have it."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        found = getattr(import_module(f"mockstore.cli.{entry.module}"), cmd_name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as click declares it
        """Write the table without importing any command."""
        for title, entries in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(11), entry.help) for name, entry in entries.items()])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click declares it
    ) -> click.Context:
        """Parse the options of the root."""
        with errors_in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click declares it
        """Run the command; its errors become one line on stderr."""
        with errors_in_one_line():
            return super().invoke(ctx)


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn each error that a user can cause into one line on stderr and an exit code."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "mockstore"
        text = error.format_message().rstrip(".").replace(" a valid integer range", " a whole number")
        raise RefusalError(f"{text} (see `{path} --help`)") from None
    except MockstoreError as error:
        raise RefusalError(for_the_command_line(str(error))) from None
    except BrokenPipeError:
        _discard_output()
        raise click.exceptions.Exit(CLOSED_PIPE) from None
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        _discard_output()
        raise RefusalError(f"cannot write what there is to say: {error.strerror}") from None
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None


def for_the_command_line(text: str) -> str:
    """Return an error message of the library as one line, with `--invalid` instead of the keyword `invalid=True`."""
    sentence = text.replace("pass invalid=True", "add --invalid").replace("\nTo send", ". To send")
    return "; ".join(line.strip() for line in sentence.splitlines()).replace(":;", ":")


def _discard_output() -> None:
    """Redirect stdout to the null device, or Python reports an error when it flushes stdout at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
