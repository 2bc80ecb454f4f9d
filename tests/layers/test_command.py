"""The command `yiwang`: its help, its errors, its subcommands."""

import io
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from layers import command
from layers.check import check_all
from layers.command import Command, find_commands, main

ROOT = Path(__file__).parents[2]

NAMES = [c.name for c in find_commands()]


def run(*argv, **environ):
    return subprocess.run(
        [sys.executable, "-m", "layers.command", *argv],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environ},
        timeout=60,
        check=False,
    )


def test_the_command_has_every_subcommand_that_the_product_promises():
    assert {"demo", "ingest", "serve", "replay", "check", "kafka", "redis"} <= set(NAMES)


def test_help_lists_every_subcommand_with_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    for one in find_commands():
        assert re.search(rf"^ +{one.name} ", said, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_each_subcommand_says_what_it_does_and_gives_examples(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "examples:" in said
    assert f"yiwang {name}" in said.partition("examples:")[2]
    assert any("\u4e00" <= c <= "\u9fff" for c in said)


def test_a_misspelt_subcommand_is_refused_with_the_valid_ones(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["ingset"])
    assert caught.value.code == 2
    assert "ingest" in capsys.readouterr().err


def test_the_help_comes_without_loading_the_heavy_libraries():
    code = (
        "import sys; from layers.command import find_commands; find_commands(); "
        "print(sorted({'dash', 'polars', 'pandas', 'kafka', 'shapely'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_an_expected_error_is_one_sentence_and_exit_code_1(tmp_path):
    broken = tmp_path / "config.yaml"
    broken.write_text("kafka: {bootstra: x}", encoding="utf-8")
    done = run("ingest", "--config", str(broken))
    assert done.returncode == 1
    assert "Did you mean `bootstrap`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_says_ok_for_every_file_of_the_cities_that_ship():
    for city in ("beijing", "chicago"):
        done = run("check", "--city", city)
        assert done.returncode == 0, done.stdout
        assert done.stdout.endswith("0 errors\n")
        assert f"{city}/indicators.yaml" in done.stdout


def copy_city(tmp_path, change):
    folder = tmp_path / "city"
    shutil.copytree(ROOT / "layers" / "cities" / "chicago", folder)
    change(folder)
    config = tmp_path / "config.yaml"
    config.write_text(f"city: {{pack: {folder}}}", encoding="utf-8")
    return [f.problem for f in check_all(config, {}) if f.problem], run(
        "check", "--config", str(config)
    )


def replace(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_names_the_file_the_key_and_the_nearest_key_of_a_broken_feed(tmp_path):
    def change(folder):
        replace(folder / "feeds" / "incidents.yaml", "late_after_s:", "late_aftr_s:")

    problems, done = copy_city(tmp_path, change)
    assert done.returncode == 1
    assert "feeds/incidents.yaml" in problems[0]
    assert "`late_aftr_s`" in problems[0]
    assert "Did you mean `late_after_s`?" in problems[0]
    assert problems[0] in done.stdout


def test_check_names_the_nearest_key_of_a_broken_city_file(tmp_path):
    def change(folder):
        replace(folder / "city.yaml", "timezone:", "timzone:")

    problems, done = copy_city(tmp_path, change)
    assert done.returncode == 1
    assert "city.yaml" in problems[0]
    assert "Did you mean `timezone`?" in problems[0]


def test_check_goes_on_after_an_error_and_counts_all(tmp_path):
    def change(folder):
        replace(folder / "city.yaml", "map_indicator: ", "map_indicator: x_")
        (folder / "feeds" / "broken.yaml").write_text("id: [", encoding="utf-8")

    problems, done = copy_city(tmp_path, change)
    assert len(problems) == 2
    assert "broken.yaml: is not YAML" in problems[0]
    assert "`map_indicator` names no indicator" in problems[1]
    assert done.stdout.endswith("2 errors\n")


def test_check_finds_a_broken_override_of_the_environment():
    done = run("check", YIWANG_SERVE__PROT="1")
    assert done.returncode == 1
    assert "Did you mean `YIWANG_SERVE__PORT`?" in done.stdout


def test_log_lines_are_key_value_in_utc():
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        command.set_up_logging(logging.INFO, stream)
        logging.getLogger("ingest.x").info("event=applied rows=%s", 3)
        logging.getLogger("ingest.x").debug("event=hidden")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    pattern = r"time=\d{4}-\d\d-\d\dT[\d:.]+Z level=INFO logger=ingest.x event=applied rows=3\n"
    assert re.fullmatch(pattern, stream.getvalue())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_the_work_to_stop_and_a_later_one_interrupts_it(number, monkeypatch):
    before = signal.getsignal(number)
    with command.stop_on_signal() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
        signal.raise_signal(number)  # the same wish, passed on by make
        monkeypatch.setattr(command, "_ONE_WISH_S", -1.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_progress_writes_plain_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    progress = command.Progress("file", stream)
    progress("1 of 9")
    progress("2 of 9")
    progress.done("9 read")
    assert stream.getvalue() == "file: 1 of 9\nfile: 9 read\n"


def test_a_room_declares_a_subcommand_as_a_value(monkeypatch, tmp_path):
    seen = threading.Event()

    def work(args, config):
        assert config.serve.port == 8050
        seen.set()
        return 7

    monkeypatch.chdir(tmp_path)
    one = Command(name="try", help="h", description="d", examples=(), run=work)
    monkeypatch.setattr(command, "find_commands", lambda: [one])
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        assert main(["try"]) == 7
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    assert seen.is_set()


def test_progress_rewrites_its_line_on_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    progress = command.Progress("file", stream)
    progress("1 of 9")
    progress.done("9 read")
    progress.done("more")
    assert stream.getvalue() == "file: 1 of 9\r\x1b[2Kfile: 9 read\nfile: more\n"
