"""English abbreviations whose full stop ends no sentence: Mr. Li, Nov. 22, Fig. 3, Apple Inc."""

import re
from typing import Final

_WORDS: Final = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Ms", "Dr": "Doctor", "Prof": "Professor", "St": "Saint", "Mt": "Mount",
    "Gen": "General", "Capt": "Captain", "Sgt": "Sergeant", "Sen": "Senator", "Gov": "Governor", "Rev": "Reverend",
}  # fmt: skip
_MONTHS: Final = {
    "Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "Jun": "June", "Jul": "July",
    "Aug": "August", "Sep": "September", "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December",
}  # fmt: skip
_PARTS: Final = {"Fig": "Figure", "Vol": "Volume", "Sec": "Section", "Eq": "Equation", "Ch": "Chapter"}
_HAN: Final = "\u4e00-\u9fff"
_TITLE: Final = re.compile(rf"(?<![A-Za-z.])({'|'.join(_WORDS)})\.\s?(?=[A-Z{_HAN}])")
_MONTH: Final = re.compile(rf"(?<![A-Za-z.])({'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.\s?(?=\d)")
_PART: Final = re.compile(rf"(?<![A-Za-z.])({'|'.join(_PARTS)})s?\.\s?(?=\d)")
_FIRMS: Final = {
    "Co": "Company", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Bros": "Brothers", "Jr": "Junior",
    "Sr": "Senior",
}  # fmt: skip
_FIRM: Final = re.compile(rf"(?<=[A-Za-z,]\s)({'|'.join(_FIRMS)})\.(?=,|\s[a-z{_HAN}]|[{_HAN}])")
_AGAINST: Final = re.compile(r"(?<![A-Za-z])(vs|approx|dept|est|incl|min|max|avg|resp)\.(?=\s)")


def without_stops(text: str) -> str:
    """Writes titles, months and names of parts out in full, and takes the full stop off the other abbreviations."""
    if "." not in text:
        return text
    text = _TITLE.sub(lambda match: _WORDS[match[1]] + " ", text)
    text = _MONTH.sub(lambda match: _MONTHS[match[1]] + " ", text)
    text = _PART.sub(lambda match: _PARTS[match[1]] + " ", text)
    return _AGAINST.sub(r"\1", _FIRM.sub(lambda match: _FIRMS[match[1]], text))
