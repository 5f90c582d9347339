"""Ions by their names: Ca²⁺ is 钙离子; one without a name here is said as it is written."""

import re
from typing import Final

from tts_service.text.numerals import cardinal, name_digits
from tts_service.text.rule import HAN, Rule, rule

_IONS: Final = {
    "H+": "氢", "H3O+": "水合氢", "Li+": "锂", "Na+": "钠", "K+": "钾", "Ag+": "银", "Cu+": "亚铜", "NH4+": "铵根",
    "Mg2+": "镁", "Ca2+": "钙", "Ba2+": "钡", "Zn2+": "锌", "Cu2+": "铜", "Fe2+": "亚铁", "Fe3+": "铁", "Al3+": "铝",
    "Pb2+": "铅", "Hg2+": "汞", "Mn2+": "锰", "Cd2+": "镉", "Ni2+": "镍", "Co2+": "钴", "Sr2+": "锶", "F-": "氟",
    "Cl-": "氯", "Br-": "溴", "I-": "碘", "S2-": "硫", "O2-": "氧", "OH-": "氢氧根", "NO3-": "硝酸根",
    "NO2-": "亚硝酸根", "SO42-": "硫酸根", "SO32-": "亚硫酸根", "CO32-": "碳酸根", "HCO3-": "碳酸氢根",
    "PO43-": "磷酸根", "MnO4-": "高锰酸根", "SiO32-": "硅酸根", "CH3COO-": "醋酸根",
}  # fmt: skip
_ANY: Final = "|".join(sorted(map(re.escape, _IONS), key=len, reverse=True))
_PLAIN: Final = "|".join(sorted((re.escape(ion) for ion in _IONS if ion[-1] == "+"), key=len, reverse=True))


def _ion(match: re.Match[str]) -> str:
    charge = {"²": "2", "³": "3"}.get(match["charge"] or "", (match["charge"] or "").lstrip("^"))
    sign = "+" if match["sign"] in "⁺+" else "-"
    name = _IONS.get(match["atoms"] + charge + sign)
    if name:
        return f"{name}离子"
    atoms = re.sub(r"\d+", lambda part: cardinal(part[0]), match["atoms"])
    return f" {atoms} {cardinal(charge) if charge else ''}价{'正' if sign == '+' else '负'}离子".replace(" 价", " 一价")


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "ion",
        r"(?<![A-Za-z0-9])(?P<atoms>[A-Z][A-Za-z0-9]{0,9})(?P<charge>[²³]|\^\d)?(?P<sign>[⁺⁻])(?:离子)?(?!\d)",
        _ion,
    ),
    rule(
        "ion in plain letters",
        rf"(?<![A-Za-z0-9])(?:{_PLAIN})(?=离子|浓度|通道|水平|含量|内流|外流)(?:离子)?",
        lambda m: f"{_IONS[m[0].removesuffix('离子')]}离子",
    ),
    rule(
        "ions side by side",
        rf"(?<![A-Za-z0-9])(?:{_ANY})(?:[、,，和与及](?:{_ANY})){{1,9}}(?![A-Za-z0-9])(?:离子)?",
        lambda m: re.sub(_ANY, lambda ion: f"{_IONS[ion[0]]}离子", m[0].removesuffix("离子")),
    ),
    rule(
        "isotope",
        rf"(?<=[氢碳铀钚碘钴铯锶氡镭钍锝])(?:-(\d{{1,3}})|(?<![氢碳])(\d{{2,3}}))(?![\d.%]|[{HAN}]?[吨克斤元万])",
        lambda m: name_digits(m[1] or m[2]),
    ),
)
