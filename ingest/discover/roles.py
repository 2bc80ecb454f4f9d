"""What each path of a sample may mean: by its name, Chinese or English, and by what is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.discover.columns import Column
from layers.feed_spec import Kind

Fits = Callable[[Column], bool]


def _any(_column: Column) -> bool:
    return True


def _time(column: Column) -> bool:
    return bool(column.forms)


def _number(column: Column) -> bool:
    return column.is_number


def _text(column: Column) -> bool:
    return not column.is_number and not column.forms


def _different(column: Column) -> bool:
    return column.distinct > 0.3


def _few(column: Column) -> bool:
    return len(column.counts) <= 60 and not column.forms


def _lng(column: Column) -> bool:
    return bool(column.numbers) and max(map(abs, column.numbers)) > 0


@dataclass(frozen=True, slots=True)
class Role:
    """One meaning."""

    names: tuple[str, ...]
    """Regular expressions over the path, the surest first."""
    fits: Fits = _any


_END = r"([^a-z]|$)"

ROLES: dict[str, Role] = {
    "updated": Role((r"更新时间|updat|modif|servertime", r"最后"), _time),
    "reported_at": Role(
        (
            r"上报时间|受理时间|登记时间|诉求时间|创建时间|检查日期",
            r"requested|reported|created|opened",
        ),
        _time,
    ),
    "due_at": Role((r"截止|期限|时限|due|deadline|expected_dat",), _time),
    "closed_at": Role((r"结案时间|办结时间|完成时间|closed|finished|completed|resolved",), _time),
    "time": Role(
        (
            r"观测时间|监测时间|数据时间|采集时间|接警时间|发生时间|eventtime|observed|phenomenontime",
            r"timestamp|occur|时间|日期|datum|fecha|zeitpunkt",
            r"(^|[^a-z])(ts|time|date|datetime|at|tm|dt)" + _END + r"|time$|date$|at$",
        ),
        _time,
    ),
    "case_id": Role(
        (
            r"工单编号|案件编[号码]|任务号|检查编号|受理编号|case_?id|ticket_?(id|no)|request_id",
            r"unique_key|sr_number|编[号码]|单号|流水号|ticket.*no$",
            r"(^|[._])(id|no|key|number)$|id$",
        ),
        _different,
    ),
    "sensor_id": Role(
        (
            r"设备编[号码]|站号|站点编[号码]|测站编码|device_?id|sensor_?id|station_?id|stcd|deviceid",
            r"设备|站点|传感器|sensor|station|device|detector|datastream\.iot\.?id",
            r"estaci[oó]n|messstelle|stazione",
            r"(^|[._])(id|no|code)$",
        ),
        lambda c: not _time(c) or c.name.endswith(("id", "编号", "号")),
    ),
    "property": Role(
        (
            r"监测项|项目|指标|参数|observedproperty|parameter|property|pollutant|serviceid",
            r"(^|[._])(item|metric|indicator|measure)$",
            r"magnitud|contaminante|schadstoff|messgr|polluant",
        ),
        lambda c: (_text(c) or all(n.is_integer() for n in c.numbers)) and _few(c),
    ),
    "value": Role(
        (
            r"监测值|数值|浓度|读数|(^|[._])(value|val|reading|result)$",
            r"值$|value$|(^|[._])(valor|wert|messwert|valeur)$",
        ),
        _number,
    ),
    "unit": Role(
        (r"(^|[._])单位$|(^|[._])(unit|units|unitcode|symbol|uom)$",),
        lambda c: _text(c) and _few(c),
    ),
    "quality": Role((r"质量码|质控|(^|[._])(qc|quality|flag)$",), _few),
    "status": Role((r"状态|阶段|(^|[._@])(status|state)$", r"处理结果|办理结果|^结果$"), _few),
    "category": Role(
        (
            r"问题分类|事件类别|案件类型|小类|大类|检查类型|complaint_type|service_code|short_code|category",
            r"类别|类型|分类|(^|[._])type$|sr_type|item\.code",
        ),
        _few,
    ),
    "title": Role(
        (
            r"标题|事件标题|title|subject|service_name",
            r"描述|内容|descri|summary|text$|headline|sr_type",
        ),
        _text,
    ),
    "lead": Role(
        (r"主办单位|责任单位|承办|处置部门|owner_department|agency_name", r"agency|department"),
        _text,
    ),
    "address": Role((r"地址|点位|位置描述|address|street",), _text),
    "channel": Role((r"来源|渠道|channel|origin|source",), lambda c: _text(c) and _few(c)),
    "outcome": Role(
        (r"处置结果|处理结果|outcome|disposition|resolution",), lambda c: _text(c) and _few(c)
    ),
    "lng": Role(
        (
            r"经度|longitud|l(ä|ae)ngengrad|(^|[._])(lng|lon|long)$",
            r"coordinates0$",
            r"(^|[._])(x|easting)$",
        ),
        _lng,
    ),
    "lat": Role(
        (r"纬度|latitud|breitengrad|(^|[._])lat$", r"coordinates1$", r"(^|[._])(y|northing)$"), _lng
    ),
    "code": Role((r"网格编?码?$|gridcode|grid_code|街道编码|区划|行政区|adcode|region_?code",)),
}

OF_KIND: dict[Kind, tuple[str, ...]] = {
    "observation": ("sensor_id", "property", "value", "unit", "quality"),
    "case": (
        "case_id", "status", "category", "title", "reported_at", "due_at", "closed_at", "lead",
        "address", "channel",
    ),
    "incident": ("incident_id", "category", "title", "address", "outcome"),
    "warning": (),
}  # fmt: skip

_PERSONAL = re.compile(
    r"电话|手机|身份证|来电人|姓名|联系人|phone|mobile|caller|citizen|id_?card|idcard"
)


@dataclass(slots=True)
class Roles:
    """Role → the path that has it."""

    of: dict[str, Column] = field(default_factory=dict)
    personal: list[Column] = field(default_factory=list)

    def path(self, role: str) -> str:
        """Give the path of a role; empty when none has it."""
        return self.of[role].path if role in self.of else ""


def roles_of(columns: Sequence[Column]) -> Roles:
    """Give each role the path that fits best; a path has one role, but for the title."""
    found = Roles()
    for role, rule in ROLES.items():
        best = _best(rule, [c for c in columns if c.texts])
        if best is not None:
            found.of[role] = best
    found.personal = [c for c in columns if c.texts and (_PERSONAL.search(c.name) or c.is_phone)]
    return found


def _best(rule: Role, columns: Sequence[Column]) -> Column | None:
    for expression in rule.names:
        fitting = [c for c in columns if re.search(expression, c.name) and rule.fits(c)]
        if fitting:
            return max(fitting, key=lambda c: (c.fill, -len(c.path)))
    return None


def kind_of(roles: Roles, columns: Sequence[Column], wide: Sequence[Column]) -> Kind:
    """Guess the kind: a state and an id make a case, numbers an observation, the rest incidents."""
    has = roles.of
    is_case = "status" in has and ("reported_at" in has or "updated" in has or "due_at" in has)
    if is_case and "case_id" in has and "value" not in has:
        return "case"
    if "value" in has or wide:
        return "observation"
    if "status" in has and "case_id" in has:
        return "case"
    measured = [c for c in columns if c.is_number and not c.forms]
    return "observation" if "sensor_id" in has and measured else "incident"
