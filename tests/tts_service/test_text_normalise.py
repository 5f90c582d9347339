"""What is written, and how it is said: one line per rule and per trap here, with its pauses and spaces; the many cases
of `text_cases/normalise.tsv` compare the words alone.
"""

import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.text import TARGET, read_cases, results, shares
from tts_service.text.clean import clean
from tts_service.text.normalise import normalise

CASES = """
# dates
今天是2026-11-22。 | 今天是二零二六年十一月二十二日。
2026/1/5发布 | 二零二六年一月五日发布
2026.11.22 | 二零二六年十一月二十二日
2026年11月22日 | 二零二六年十一月二十二日
6月1日是节日 | 六月一日是节日
2月2号 | 二月二号
2026-11 | 二零二六年十一月
1990年代和90年代 | 一九九零年代和九十年代
98年毕业 | 九八年毕业
2020-2025年 | 二零二零到二零二五年
1963.08克 | 一千九百六十三点零八克
从2018到2024，周1-周5 | 从二零一八到二零二四，周一到周五
2026-11-22 08:05:09 | 二零二六年十一月二十二日八点零五分零九秒
3年前 | 三年前
12月到1月 | 十二月到一月
# items of a list, keys of a telephone
1️⃣打开App 2️⃣点击登录 | 一、打开App二、点击登录
3️⃣2️⃣1️⃣ | 三二一
1.打开电源。2.按下按钮，3. 松开。 | 一、打开电源。二、按下按钮，三、松开。
结果：12.《三体》 | 结果：十二、《三体》
涨了3.5倍，12.25是节日 | 涨了三点五倍，十二点二五是节日
返回请按#，重听请按*。 | 返回请按井号，重听请按星号。
请按#键结束 | 请按井号键结束
按“#”号键 | 按井号键
按*号键 | 按星号键
请按#结束 | 请按井号结束
C#很强 | C sharp很强
# times of day
8:30开会 | 八点三十分开会
07:05出发 | 七点零五分出发
12:00 | 十二点
2:00 | 两点
下午2点30分 | 下午两点三十分
3:05pm | 下午三点零五分
8:00-18:00 | 八点到十八点
下午3:30pm | 下午三点三十分
12:30:15 | 十二点三十分十五秒
# money
￥12.5元 | 十二点五元
¥1,299.00 | 一千二百九十九元
￥0.99 | 零点九九元
$3.99 | 三点九九美元
US$20万 | 二十万美元
€100 | 一百欧元
￥2 | 两元
价格100万元 | 价格一百万元
500USD | 五百美元
2200元 | 两千二百元
# percent, temperature, units
增长12.5% | 增长百分之十二点五
占5%-10% | 占百分之五到百分之十
约15-20%的人 | 约百分之十五到百分之二十的人
-3% | 负百分之三
5‰ | 千分之五
-5℃ | 零下五摄氏度
-5℃到3℃ | 零下五摄氏度到三摄氏度
36.5°C | 三十六点五摄氏度
24GB显存 | 二十四GB显存
2.30 GiB | 二点三零GIB
60km/h | 六十公里每小时
1.75m | 一点七五米
65kg | 六十五千克
10m² | 十平方米
15㎡ | 十五平方米
3.2GHz | 三点二吉赫
200ms | 二百毫秒
0.5秒 | 零点五秒
30s/epoch | 三十秒每epoch
2小时 | 两小时
# telephone and other strings
请拨打13812345678 | 请拨打幺三八，幺二三四，五六七八
请拨打010-65551234或12345 | 请拨打零幺零，六五五五幺二三四或幺二三四五
乘302、305路和走211、985高校 | 乘三零二、三零五路和走二一一、九八五高校
138-1234-5678 | 幺三八，幺二三四，五六七八
010-12345678 | 零幺零，幺二三四五六七八
400-123-4567 | 四零零，幺二三，四五六七
拨打110 | 拨打幺幺零
身份证号11010519491231002X | 身份证号一一零一零五一九四九一二三一零零二X
端口7860被占用 | 端口七八六零被占用
验证码是0042 | 验证码是零零四二
房间302 | 房间三零二
# versions and names with digits
CUDA 12.8 | CUDA十二点八
Python 3.11 | Python三点一一
torch==2.13.0 | torch等于二点一三点零
v2.5.1发布 | v二点五点一发布
v2.0-beta.1 | v二点零beta点一
Qwen2.5-7B | Qwen二点五，七B
A100-80G | A一百，八十G
版本号1.2.3 | 版本号一点二点三
IndexTTS 2.5 | IndexTTS二点五
IndexTTS2-V23部署 | IndexTTS二V二十三部署
RTX 4090 | RTX四零九零
A100显卡 | A一百显卡
iPhone15 | iPhone十五
PM2.5 | PM二点五
H.264 | H二六四
5G和4K | 五G和四K
B2B | B二B
Tried to allocate 2.30 GiB | Tried to allocate two point three zero GiB
Python>=3.11 | Python大于等于三点一一
zentao-v18.12 | zentao v十八点一二
PyCharm 2024.3 | PyCharm二零二四点三
# addresses
192.168.1.1:7860 | 一九二点一六八点一点一冒号七八六零
zhang.san@qq.com | zhang点san艾特qq点com
www.example.com/a | WWW点example点com斜杠a
https://example.com。 | HTTPS冒号斜杠斜杠example点com。
/root/index-tts | 斜杠root斜杠index杠tts
图片在./img/001.png | 图片在点斜杠img斜杠零零一点png
docker run -p 7860:7860 | docker run杠p七八六零冒号七八六零
start_app.sh | start下划线app点SH
# counting
2个苹果，12个梨 | 两个苹果，十二个梨
200人 | 二百人
20000 | 两万
10086 | 一万零八十六
1,234,567 | 一百二十三万四千五百六十七
100000001 | 一亿零一
20261122001 | 二零二六一一二二零零一
第3名 | 第三名
第1-3章 | 第一到三章
3-5个 | 三到五个
第(三)项和第（2）条 | 第三项和第二条
7/24服务 | 七乘二十四服务
电池-5000mAh | 电池，五千毫安时
30~40岁 | 三十到四十岁
10.5万 | 十点五万
2楼2班 | 二楼二班
007 | 零零七
RGB(255,128,0) | RGB(二百五十五，一百二十八，零)
大家+1 | 大家加一
-3和+5 | 负三和正五
# fractions, ratios, formulae
1/2 | 二分之一
3/4的人 | 四分之三的人
比分3:2 | 比分三比二
16:9 | 十六比九
3+5=8 | 三加五等于八
3.5×2=7 | 三点五乘二等于七
x²+1 | x的平方加一
y=2x+3 | y等于二x加三
2^10 | 二的十次方
1e-5 | 一乘十的负五次方
10的-3次方 | 十的负三次方
2的-1次方 | 二的负一次方
概率等于5/6 | 概率等于六分之五
截至5/6 | 截至五月六日
身高1米83 | 身高一米八三
3米20个 | 三米二十个
1920×1080 | 一千九百二十乘一千零八十
≥90% | 大于等于百分之九十
|a-b|≥0 | a减b的绝对值大于等于零
a[0]=1 | a零等于一
# TeX
$\\frac{1}{2}mv^2$ | 二分之一m v的平方
$x_1+x_2=-\\frac{b}{a}$ | x一加x二等于负b除以a
\\sqrt[3]{8}=2 | 三次根号八等于二
$\\angle A=60^\\circ$ | 角A等于六十度
价格$5和$6 | 价格五美元和六美元
# chemistry
铀-235和碘131 | 铀二三五和碘一三一
Na+和Cl- | 钠离子和氯离子
# width, symbols, what is no text
１２３个 | 一百二十三个
①第一 | 一、第一
C++和C# | C加加和C sharp
我说don't | 我说don't
（总价=单价×数量） | （总价等于单价乘以数量）
甲&乙 | 甲和乙
你好😀世界 | 你好世界
π约等于3.14 | 派约等于三点一四
½杯 | 二分之一杯
中文/英文 | 中文，英文
"""
TABLE = [
    tuple(part.strip() for part in line.split(" | ")) for line in CASES.strip().splitlines() if not line.startswith("#")
]


@pytest.mark.parametrize(("written", "said"), TABLE, ids=[written for written, _ in TABLE])
def test_text_is_said_as_people_say_it(written: str, said: str) -> None:
    assert normalise(clean(written)) == said


def test_nearly_all_written_cases_are_read_right_and_no_class_is_poor() -> None:
    found = results(read_cases())
    misses = [f"{each.case.kind}: {each.case.written} → {each.said}" for each in found if not each.right]
    assert len(found) >= 900
    assert 1 - len(misses) / len(found) >= TARGET, "\n".join(misses)
    assert all(row["share"] >= 0.9 for row in shares(found).values()), "\n".join(misses)


def test_the_first_batch_alone_holds_a_dozen_cases_or_so_of_every_class() -> None:
    counts = Counter(case.kind for case in read_cases() if case.batch == "1")
    assert len(counts) >= 30
    assert min(counts.values()) >= 6


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_normalised_and_no_ascii_digit_is_left(text: str) -> None:
    said = normalise(clean(text))
    assert not any(char in "0123456789" for char in said)


@given(st.text(alphabet="0123456789.,:-/%¥$年月日点个第vVaA℃ xX^²=+@", max_size=60))
@settings(max_examples=500, deadline=None)
def test_no_order_of_digits_and_signs_breaks_a_rule(text: str) -> None:
    assert not any(char in "0123456789" for char in normalise(clean(text)))


def test_lone_surrogates_control_and_private_characters_are_dropped() -> None:
    assert clean("a\ud800b\x00c\u200bd\ue000e\ufefff") == "abcdef"


HOSTILE = [
    *("1", "1,111", "a1-", "1x", "1/", "-1", "a.", "9:", "a-", "a_", "/a", "1.", "(a", "x^2+", "1e", "@a", "a=", "1月"),
    *(
        "A.",
        "·1",
        "+1 ",
        "138",
        "年1",
        "\\a",
        "√",
        "sin",
        "3×",
        "#",
        "*",
        "1:1 ",
        "::",
        "km/",
        "1km",
        "%1",
        "¥1-",
        "第1",
    ),
    *("$x", "$x_1$", "\\frac{", "\\(", "|a+", "x[1]", "1w-", "第1、"),
    *("、", "II", " ", "，", "好", "α", "v1.", "1.x", "A1-", "½", "³", "1st", "{", "[", "a+(", "1 ", "__", "０", "著"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_long_hostile_text_is_normalised_in_time_that_grows_with_its_length(unit: str) -> None:
    begun = time.process_time()
    normalise(clean(unit * (5_000 // len(unit))))
    assert time.process_time() - begun < 2


@given(st.lists(st.sampled_from([*HOSTILE, "https://", "GB", "公里", "元", "到", "比分", "电话"]), max_size=60))
@settings(max_examples=300, deadline=None)
def test_hostile_pieces_in_any_order_are_normalised_at_once(pieces: list[str]) -> None:
    assert not any(char in "0123456789" for char in normalise(clean("".join(pieces))))


def test_a_book_of_text_takes_seconds() -> None:
    begun = time.process_time()
    normalise(clean("服务在2026-11-22 08:05重启，耗时3.5s，占用85%。" * 3_000))
    assert time.process_time() - begun < 20


def test_nothing_of_the_rules_own_marks_reaches_the_speech() -> None:
    said = normalise(clean("\U000f0000\ue000价格¥5-¥8，版本v1.2-v1.4"))
    assert all(char < "\ue000" or char > "\uf8ff" for char in said)
    assert all(ord(char) < 0xF0000 for char in said)
