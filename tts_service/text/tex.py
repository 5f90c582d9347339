r"""Formulae written in TeX, as the signs that the rules read: ``$\frac{1}{2}\times x^{2}$`` → 1/2×x^2."""

import re
from typing import Final

_SIGNS: Final = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "ne": "≠", "approx": "≈", "equiv": "≡", "infty": "∞", "to": "→", "rightarrow": "→", "in": "∈", "cup": "∪",
    "cap": "∩", "angle": "∠", "triangle": "△", "perp": "⊥", "parallel": "∥", "sum": "∑", "int": "∫", "prod": "∏",
    "partial": "∂", "nabla": "∇", "forall": "∀", "exists": "∃", "emptyset": "∅", "circ": "°", "because": "∵",
    "therefore": "∴", "left": "", "right": "", "quad": " ", "displaystyle": "", "lt": "<", "gt": ">",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_FUNCTIONS: Final = "sin|cos|tan|cot|sec|csc|log|ln|lg|exp|max|min|lim|det"
_INSIDE: Final = r"\{([^{}\n]{1,60})\}"
_COMMAND: Final = re.compile(
    rf"(?P<path>(?<![A-Za-z])[A-Za-z]:\\\S*|\\\\\S+)|\\(?P<function>{_FUNCTIONS})(?![A-Za-z])\s?"
    rf"|\\(?P<sign>{'|'.join(sorted(_SIGNS, key=len, reverse=True))})(?![A-Za-z])[ ]?"
)
_FRACTION: Final = re.compile(rf"\\[dt]?frac\s?{_INSIDE}\s?{_INSIDE}")
_ROOT: Final = re.compile(rf"\\sqrt(?:\[(\d)\])?\s?{_INSIDE}")
_WORDS: Final = re.compile(rf"\\(?:text|mathrm|mathbf|mathit|operatorname|vec|bar|hat|overline){_INSIDE}")
_RAISED: Final = re.compile(rf"\^{_INSIDE}")
_LOWERED: Final = re.compile(rf"(?<=[A-Za-z\u0370-\u03ff])_(?:{_INSIDE}|([A-Za-z0-9]))(?![A-Za-z0-9])")
_FROM_TO: Final = re.compile(rf"(\\(?:sum|prod|int))_(?:{_INSIDE}|(\w))\^(?:{_INSIDE}|(\w))")
_UNDER_LIMIT: Final = re.compile(rf"(\\(?:lim|max|min))_{_INSIDE}")
_FENCES: Final = re.compile(
    r"\$\$?(?=[^$\n]{0,200}[\\^_=])((?![\d.,]{1,12}\s)[^\s$](?:[^$\n]{0,200}[^\s$])?)\$\$?(?!\d)"
    r"|\\\((.{1,200}?)\\\)|\\\[(.{1,200}?)\\\]"
)
_DEEPEST: Final = 3
"""So many braces within braces are read."""


def without_tex(text: str) -> str:
    """Writes the commands of TeX as signs; a text without dollar or backslash, and a path of Windows, stays."""
    if "$" not in text and "\\" not in text:
        return text
    text = _FROM_TO.sub(lambda ends: f"{ends[1]} {ends[2] or ends[3]}到{ends[4] or ends[5]} ", text)
    text = _UNDER_LIMIT.sub(r"\1(\2)", text)
    text = _FENCES.sub(lambda fence: _LOWERED.sub(_under, fence[1] or fence[2] or fence[3]), text)
    if "\\" not in text:
        return text
    for _ in range(_DEEPEST):
        text = _WORDS.sub(r"\1", text)
        text = _ROOT.sub(lambda root: {"3": "∛", "4": "∜"}.get(root[1] or "", "√") + _wrapped(root[2]), text)
        text = _FRACTION.sub(lambda fraction: f"{_wrapped(fraction[1])}/{_wrapped(fraction[2])}", text)
    return _COMMAND.sub(_command, text).replace("^°", "°")


def _command(match: re.Match[str]) -> str:
    if match["path"]:
        return match["path"]
    return match["function"] or _SIGNS[match["sign"]]


def _under(match: re.Match[str]) -> str:
    return match[1] or match[2]


def _wrapped(text: str) -> str:
    """Sets a sum into brackets; a product stays."""
    return f"({text})" if re.search(r"[-+±=<>]", re.sub(r"\([^()]*\)", "", text)) else text
