"""A text in both languages that users read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Language = Literal["zh-CN", "en"]


class Words(BaseModel):
    """The same thing said in Chinese and in English; a playbook may give one plain text for both."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    zh_cn: str = Field(validation_alias="zh-CN", serialization_alias="zh-CN", max_length=500)
    en: str = Field(max_length=500)

    def said(self, language: Language) -> str:
        """The text in `language`."""
        return self.zh_cn if language == "zh-CN" else self.en


def both(zh_cn: str, en: str) -> Words:
    """The two texts as `Words`."""
    return Words(zh_cn=zh_cn, en=en)


def _either(value: object) -> object:
    return {"zh-CN": value, "en": value} if isinstance(value, str) else value


WordsField = Annotated[Words, BeforeValidator(_either)]
NO_WORDS = both("", "")
