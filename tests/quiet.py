"""What is logged while a test runs."""

import logging

import pytest


class Quiet:
    """Whether anything was logged that somebody would be woken for."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
        self._caplog, self._capsys = caplog, capsys
        caplog.set_level(logging.DEBUG)

    def check(self) -> None:
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        loud = [one for one in self._caplog.records if one.exc_info or one.levelno >= logging.ERROR]
        assert [one.getMessage() for one in loud] == []

    def told(self, event: str) -> int:
        """How often this was logged so far."""
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return (out + err).count(event)
