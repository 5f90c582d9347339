"""Characters with several readings: the shipped model, its files, and how it is trained."""

import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tts_service.text import pinyin, polyphone
from tts_service.text.lexicon import Lexicon
from tts_service.text.polyphone import MANIFEST, WEIGHTS, PolyphoneError, Polyphones, load, save
from tts_service.text.polyphone_features import PhraseBook, Place, own_phrases
from tts_service.text.readings import made_of
from tts_service.text.units import is_known
from tts_service.training import polyphones as training
from tts_service.training.polyphones import Example, Material

SHIPPED = Path(polyphone.__file__).parent
UNSEEN = Path(__file__).with_name("polyphones_unseen.txt")
EXAMINED = Path(__file__).with_name("text_cases") / "polyphones.tsv"
RUN = re.compile(r"[\u4e00-\u9fff*]+")


def readings(marked: str) -> list[str]:
    """How the front end reads the characters behind each ``*``, before tones change."""
    found = []
    for run in RUN.findall(marked):
        words = pinyin.segment(run.replace("*", ""), Lexicon())
        units = [syllable.unit for word in pinyin.syllables(words) for syllable in word]
        found += [units[place - passed] for passed, place in enumerate(m.start() for m in re.finditer(r"\*", run))]
    return found


def reading(marked: str) -> str:
    """How the front end reads the one character behind ``*``, before tones change."""
    (only,) = readings(marked)
    return only


def misread(batch: str) -> tuple[list[str], int]:
    """The sentences of a batch of ``text_cases/polyphones.tsv`` with a wrong reading (each of a place's readings that
    stand between ``|`` is right), and how many sentences the batch has.
    """
    rows = [line.split("\t") for line in EXAMINED.read_text("utf-8").splitlines()[1:]]
    asked = [(marked, expected.split()) for of, marked, expected in rows if of == batch]
    wrong = [
        marked
        for marked, expected in asked
        if not all(said in right.split("|") for said, right in zip(readings(marked), expected, strict=True))
    ]
    return wrong, len(asked)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("她在银*行上班", "hang2"),
        ("我们在沙漠里*行走了三天", "xing2"),
        ("日志的最后两*行是什么", "hang2"),
        ("文件*重新命名以后再上传", "chong2"),
        ("这件事对我们很*重要", "zhong4"),
        ("这个包裹太*重搬不动", "zhong4"),
        ("小树苗*长大以后能遮阳", "zhang3"),
        ("管子的*长度不够", "chang2"),
        ("他的文章写得太*长", "chang2"),
        ("周末去听一场音*乐会", "yue4"),
        ("祝大家节日快*乐", "le4"),
        ("他们*都是我的同事", "dou1"),
        ("巴黎是法国的首*都", "du1"),
        ("*为了安全请系好安全带", "wei4"),
        ("他后来成*为一名律师", "wei2"),
        ("申请得*到批准", "dao4"),
        ("我觉*得可以再试一次", "de5"),
        ("她唱*得真好听", "de5"),
        ("明天我*得去医院", "dei3"),
        ("我们*还是走路吧", "hai2"),
        ("下个月他就*还钱", "huan2"),
        ("数*据已经备份", "ju4"),
        ("妹妹在*数楼梯有几级", "shu3"),
        ("请核对这个*数字", "shu4"),
        ("一轮*朝阳升起", "zhao1"),
        ("汉*朝的历史", "chao2"),
        ("别着*急慢慢来", "ji2"),
        ("别*着急慢慢来", "zhao2"),
        ("他望*着远处的山", "zhe5"),
        ("宝宝刚刚睡*着", "zhao2"),
        ("我想*了解这个产品", "liao3"),
        ("雨停*了", "le5"),
        ("老板派我去上海出*差", "chai1"),
        ("两个版本的*差别不大", "cha1"),
        ("今天的信号很*差", "cha4"),
        ("天空*中有一只鸟", "zhong1"),
        ("箭射*中了靶子", "zhong4"),
        ("他买彩票*中了大奖", "zhong4"),
        ("爷爷在院子里*种菜", "zhong4"),
        ("这*种做法不对", "zhong3"),
        ("孩子们高兴*地跳起来", "de5"),
        ("请把东西放在*地上", "di4"),
        ("飞机正在下*降", "jiang4"),
        ("敌军宣布投*降", "xiang2"),
        ("她*教小朋友画画", "jiao1"),
        ("*教授正在讲课", "jiao4"),
        ("服务没有响*应", "ying4"),
        ("你*应该早点说", "ying1"),
        ("系统自动*调整音量", "tiao2"),
        ("警察正在*调查", "diao4"),
        ("小鸟从树上*落下", "luo4"),
        ("她会*弹琵琶", "tan2"),
        ("工人拆除了炸*弹", "dan4"),
        ("理*发师傅手艺好", "fa4"),
        ("出*发前检查轮胎", "fa1"),
        ("这种苹果很*便宜", "pian2"),
        ("地铁很方*便", "bian4"),
        ("他的心*脏不太好", "zang4"),
        ("衣服弄*脏了", "zang1"),
        ("内*存占用率过高", "cun2"),
        ("占用*率过高", "lv4"),
        ("他*率领队伍前进", "shuai4"),
        ("下*载安装包", "zai4"),
        ("史书上有记*载", "zai3"),
        ("两*只小狗", "zhi1"),
        ("我*只想睡一会儿", "zhi3"),
        ("车轮飞快地*转动", "zhuan4"),
        ("请*转告他", "zhuan3"),
        ("拍照*相很有意思", "xiang4"),
        ("*相信自己", "xiang1"),
        ("*曾先生您好", "zeng1"),
        ("他*曾经来过", "ceng2"),
        ("有*空一起吃饭", "kong4"),
        ("*空气很新鲜", "kong1"),
        ("护士给他*量血压", "liang2"),
        ("数*量不够", "liang4"),
        ("会*计在做账", "ji4"),
        ("*会计在做账", "kuai4"),
        ("他*处处帮助别人", "chu4"),
        ("正在*处理请求", "chu3"),
        ("今天下午能交得*了吗", "liao3"),
        ("这次比赛他得*了第二名", "le5"),
        ("房间又宽又*长", "chang2"),
        ("这扇门*重重地关上了", "zhong4"),
        ("我和*解经理谈过了", "xie4"),
        ("双方达成和*解协议", "jie3"),
        ("局长姓*区", "ou1"),
        ("*查先生到了吗", "zha1"),
        ("老师叫*单晓红来办公室", "shan4"),
    ],
)
def test_everyday_sentences_are_read_as_people_say_them(marked: str, expected: str) -> None:
    assert reading(marked) == expected


def test_of_sentences_that_nothing_was_tuned_to_seven_in_eight_are_right() -> None:
    lines = [line.split() for line in UNSEEN.read_text("utf-8").splitlines() if not line.startswith("#")]
    wrong = [marked for marked, expected in lines if reading(marked) != expected]
    assert len(wrong) <= len(lines) / 8, wrong


@pytest.mark.parametrize(
    ("batch", "share"),
    [("1", 0.98), ("2", 0.94), ("3", 0.97), ("4", 0.96), ("5", 0.97), ("6", 0.98), ("7", 0.98), ("8", 0.97)],
)
def test_of_the_sentences_of_an_examination_almost_all_are_right_once_it_was_gone_through(
    batch: str, share: float
) -> None:
    wrong, asked = misread(batch)
    assert len(wrong) <= asked * (1 - share), wrong


def test_the_weights_are_the_released_ones_and_small() -> None:
    manifest = json.loads((SHIPPED / MANIFEST).read_text("utf-8"))
    stored = (SHIPPED / WEIGHTS).read_bytes()
    assert len(stored) == manifest["size"] <= 2_000_000
    assert hashlib.sha256(stored).hexdigest() == manifest["sha256"]


def test_the_model_was_trained_after_the_last_change_of_our_phrases() -> None:
    manifest = json.loads((SHIPPED / MANIFEST).read_text("utf-8"))
    assert manifest["training"]["own_sha256"] == hashlib.sha256((SHIPPED / "polyphones.txt").read_bytes()).hexdigest()


def test_every_reading_that_the_model_may_give_can_be_said() -> None:
    assert all(is_known(each) for readings in polyphone.shipped().choices.values() for each in readings)


def test_our_phrases_contain_their_character_and_contradict_nobody() -> None:
    told: dict[tuple[str, int], str] = {}
    for phrase in own_phrases():
        assert is_known(phrase.reading), phrase
        assert told.setdefault((phrase.text, phrase.index), phrase.reading) == phrase.reading, phrase


def test_a_clause_of_ours_teaches_with_its_edges_and_is_never_looked_up() -> None:
    clause = next(each for each in own_phrases() if each.text == "这根线太长了")
    assert clause.clause
    assert (clause.index, clause.reading) == (4, "chang2")
    found = PhraseBook.shipped().own(Place((*"这根线", "太", "长", "了"), 4, 0))
    assert found is None or found[0].text != clause.text
    (example,) = [each for each in training.own_words() if each.place.run == clause.text]
    assert (example.place.position, example.reading) == (4, "chang2")


def test_a_sentence_costs_less_than_five_milliseconds() -> None:
    words = pinyin.segment("他们在银行的行长办公室里重新数了一遍还给他的钱都觉得数量不对", Lexicon())
    model = polyphone.shipped()
    spent = []
    for _ in range(20):
        started = time.thread_time()
        model.readings(words)
        spent.append(time.thread_time() - started)
    assert min(spent) < 0.005


def test_reading_needs_no_torch() -> None:
    code = (
        "import sys; from tts_service.text import pinyin; from tts_service.text.lexicon import Lexicon; "
        "pinyin.syllables(pinyin.segment('银行行长', Lexicon())); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_release_without_its_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(PolyphoneError, match=r"polyphones\.json: no readable manifest .*install the release again"):
        load(tmp_path)
    (tmp_path / MANIFEST).write_bytes((SHIPPED / MANIFEST).read_bytes())
    with pytest.raises(PolyphoneError, match=r"polyphones\.safetensors: no readable weights"):
        load(tmp_path)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes((SHIPPED / MANIFEST).read_bytes())
    (tmp_path / WEIGHTS).write_bytes((SHIPPED / WEIGHTS).read_bytes()[:-1] + b"\x55")
    with pytest.raises(PolyphoneError, match=r"differs from polyphones\.json"):
        load(tmp_path)


def test_a_model_for_other_features_is_refused(tmp_path: Path) -> None:
    save(tmp_path, Polyphones(np.zeros(8, np.int8), {"行": ("xing2", "hang2")}, PhraseBook(made_of({}, {}))), {})
    manifest = json.loads((tmp_path / MANIFEST).read_text("utf-8")) | {"table_bits": 3}
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(PolyphoneError, match="made for 3 bits of table"):
        load(tmp_path)


def test_training_learns_from_neighbours_and_gives_the_same_weights_again() -> None:
    book = PhraseBook(made_of({}, {"行": ("xing2", "hang2")}))
    examples = [
        *(Example(Place((char, "行", "字"), 1, 0), "hang2") for char in "一二三四五六"),
        *(Example(Place((char, "行", "动"), 1, 0), "xing2") for char in "我你他它您谁"),
    ]
    allowed = training.choices(book, "行", examples)
    assert allowed == {"行": ("xing2", "hang2")}
    first = training.train(Material.of(examples, allowed, book))
    model = Polyphones(first, allowed, book)
    assert model.readings(["七", "行", "字"]) == [(None,), ("hang2",), (None,)]
    assert model.readings(["咱", "行", "动"]) == [(None,), ("xing2",), (None,)]
    assert np.array_equal(first, training.train(Material.of(examples, allowed, book)))


def test_a_marked_sentence_comes_to_training_as_the_front_end_meets_it(tmp_path: Path) -> None:
    (tmp_path / "dev.sent").write_text("2024年，他在银▁行▁工作。\n红▁绿▁灯\n", "utf-8")
    (tmp_path / "dev.lb").write_text("hang2\nlu:4\n", "utf-8")
    first, second = training.marked_sentences(tmp_path)
    assert (first.text[first.index], first.example.place.run, first.example.place.char) == ("行", "他在银行工作", "行")
    assert second.example.reading == "lv4"


def test_a_sentence_without_one_marked_character_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev.sent").write_text("银▁行▁\n银行\n", "utf-8")
    (tmp_path / "dev.lb").write_text("hang2\nhang2\n", "utf-8")
    with pytest.raises(ValueError, match=r"dev\.sent line 2: one character between two"):
        training.marked_sentences(tmp_path)


def test_a_phrase_of_ours_decides_only_between_word_boundaries() -> None:
    book = PhraseBook.shipped()
    whole, across = book.own(Place(("银行", "行长"), 1, 0)), book.own(Place(("这", "种", "花"), 1, 0))
    assert whole is not None
    assert (whole[0].reading, whole[1]) == ("hang2", True)
    assert across is None or across[0].text != "种花" or across[1]
