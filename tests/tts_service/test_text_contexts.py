"""A number is read the same wherever it stands: at the beginning, behind a colon, in brackets, beside Chinese."""

import pytest

from benchmarks.text import words
from tts_service.text.clean import clean
from tts_service.text.normalise import normalise

READINGS = {
    "2026-11-22": "二零二六年十一月二十二日",
    "2026.11.22": "二零二六年十一月二十二日",
    "1998年": "一九九八年",
    "2024-2026年": "二零二四到二零二六年",
    "90后": "九零后",
    "8:30": "八点三十分",
    "09:00-18:00": "九点到十八点",
    "1h30m": "一小时三十分钟",
    "3'20\"": "三分二十秒",
    "¥12.50": "十二点五元",
    "$3.99": "三点九九美元",
    "¥12/kg": "十二元每千克",
    "10%-20%": "百分之十到百分之二十",
    "5‰": "千分之五",
    "-3.2%": "负百分之三点二",
    "13812345678": "幺三八幺二三四五六七八",
    "010-88886666": "零幺零八八八八六六六六",
    "192.168.1.1:8080": "一九二点一六八点一点一冒号八零八零",
    "zhang@qq.com": "zhang艾特qq点com",
    "v2.5.1": "v二点五点一",
    "60km/h": "六十公里每小时",
    "15m²": "十五平方米",
    "-5℃": "零下五摄氏度",
    "24GB": "二十四GB",
    "16:9": "十六比九",
    "CA981": "CA九八一",
    "RTX 4090": "RTX四零九零",
    "京A·12345": "京A一二三四五",
    "x≥3": "x大于等于三",
    "a²+b²=c²": "a的平方加b的平方等于c的平方",
    "6.02×10^23": "六点零二乘十的二十三次方",
    "2个": "两个",
    "12,345": "一万二千三百四十五",
    "/etc/nginx.conf": "斜杠etc斜杠nginx点conf",
    "C++": "C加加",
    "007": "零零七",
}
PLACES = (
    *("{}", "他说{}。", "他说 {} 。", "（{}）", "({})", "【{}】", "：{}；", ": {}", "“{}”", "是{}的", "为{}，", "{}，"),
    *("、{}、", "约{}左右", "[{}]", "**{}**", "`{}`", "{}！", "\n{}\n", "和{}和", "即{}", "{}）", "the {} ok", "{},"),
    *("{}?", ">{}"),
)


@pytest.mark.parametrize("written", READINGS)
def test_a_number_is_read_the_same_wherever_it_stands(written: str) -> None:
    said = words(READINGS[written])
    misread = {place: normalise(clean(place.format(written))) for place in PLACES}
    assert not {place: text for place, text in misread.items() if said not in words(text)}
