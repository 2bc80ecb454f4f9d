"""The page of all settings, and the file of all defaults, made from `layers/config.py` itself.

`python -m layers.settings_page docs/configuration.md [config.yaml]` writes the page (`make docs`),
and the file where it is named.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from layers import config


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of config.yaml."""

    section: str
    key: str
    default: Any
    zh: str
    en: str

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"{config.PREFIX}{self.section.upper()}__{self.key.upper()}"

    @property
    def is_secret(self) -> bool:
        """True when it is not read from a file."""
        return (self.section, self.key) == ("redis", "password")


def settings() -> tuple[Setting, ...]:
    """Give every setting, in the order of the file, with the words under its field."""
    found = []
    for section, kind in config.SECTIONS.items():
        words = _words(kind)
        for field in msgspec.structs.fields(kind):
            default = field.default_factory() if _is_made(field) else field.default
            zh, _, en = words[field.name].partition("\n\n")
            found.append(Setting(section, field.name, default, _line(zh), _line(en)))
    return tuple(found)


def _is_made(field: msgspec.structs.FieldInfo) -> bool:
    return field.default is msgspec.NODEFAULT


def _words(kind: type) -> dict[str, str]:
    """Give field → the docstring under it."""
    body = ast.parse(inspect.getsource(kind)).body[0].body  # type: ignore[attr-defined]
    return {
        above.target.id: below.value.value
        for above, below in itertools.pairwise(body)
        if isinstance(above, ast.AnnAssign)
        and isinstance(above.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def _line(text: str) -> str:
    return " ".join(text.split())


def config_yaml() -> str:
    """Give config.yaml with every default, each key explained in Chinese and English."""
    lines = [
        "# 一网 Yiwang 配置。每项均可用环境变量 YIWANG_<节>__<键> 覆盖；口令只从环境变量读取。",
        "# Settings of Yiwang. Each can be overridden by YIWANG_<SECTION>__<KEY>; secrets come",
        "# from the environment only. `yiwang check` validates it. See docs/configuration.md",
    ]
    section = ""
    for setting in settings():
        if setting.section != section:
            section = setting.section
            lines += ["", f"# {_title(section)}", f"{section}:"]
        lines.append(f"  # {setting.zh}")
        lines += textwrap.wrap(setting.en, 98, initial_indent="  # ", subsequent_indent="  # ")
        if setting.is_secret:
            lines.append(f"  # {setting.key}: → {setting.variable}")
        else:
            lines.append(f"  {setting.key}: {_value(setting.default)}")
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """Give docs/configuration.md."""
    parts = [_HEAD]
    for section in config.SECTIONS:
        parts.append(f"\n## {section}: {_title(section)}\n\n{_TABLE}")
        parts += [
            f"| `{s.key}` | `{_value(s.default)}` | `{s.variable}` | {s.zh}<br>{s.en} |"
            for s in settings()
            if s.section == section
        ]
    return "\n".join(parts) + "\n"


_TABLE = "| key | default | variable | |\n|---|---|---|---|"

_HEAD = """# 配置 / Configuration

本页由 `make docs` 根据 `layers/config.py` 生成。
This page is made from `layers/config.py` by `make docs`.

一项设置的值依次取自：默认值、`config.yaml`（`--config 文件`，
或环境变量 `YIWANG_CONFIG`，或当前文件夹）、环境变量 `YIWANG_<节>__<键>`，后者优先。
未知的键是错误，并提示最接近的有效键。`yiwang check` 检查全部配置。

A value comes from the defaults, then `config.yaml` (`--config FILE`, or `YIWANG_CONFIG`, or the
current folder), then the environment variable `YIWANG_<SECTION>__<KEY>`; the later wins. An unknown
key is an error that names the nearest valid key. `yiwang check` validates everything.

口令只从环境变量读取 / Secrets come from the environment only: `YIWANG_REDIS__PASSWORD`,
`YIWANG_KAFKA__SASL_PLAIN_PASSWORD`, `YIWANG_KAFKA__SSL_PASSWORD`.
Kafka 安全设置亦可逐项覆盖 / Single Kafka security settings: `YIWANG_KAFKA__SECURITY__<KEY>`,
e.g. `YIWANG_KAFKA__SECURITY__SASL_MECHANISM=SCRAM-SHA-512`."""


def _title(section: str) -> str:
    return _line((config.SECTIONS[section].__doc__ or "").rstrip("."))


def _value(default: Any) -> str:
    return yaml.safe_dump(default, default_flow_style=True, width=1000).split("\n")[0]


def main(argv: list[str]) -> None:
    """Write the page, and the file if it is named too."""
    for path, text in zip(argv, (markdown, config_yaml), strict=False):
        Path(path).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
