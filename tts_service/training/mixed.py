"""English words inside Chinese sentences, as people write them: what the drawn held-out utterances tell little about.

Every English sound is among them, the rare ones (the vowel of `book`, the consonants of `this` and `vision`) several
times, and most of the words are not in the corpus's own lists.
"""

from collections.abc import Iterator

from tts_service.text.frontend import FrontEnd
from tts_service.training.corpus import Example, taught
from tts_service.training.prosody import SPEAKERS
from tts_service.training.teacher import level_gain

SENTENCES = (
    "我说 good morning，他说 good night。",
    "这本 cookbook 写得很好。",
    "点一下 the button 就行。",
    "this 和 these 要读对。",
    "that 也一样，those 也是。",
    "谢谢，thank you very much。",
    "先打开 thinking 模式。",
    "measure 一下 latency。",
    "他是一个 cowboy。",
    "look 一下这个 issue。",
    "put 请求又失败了。",
    "could 和 should 有什么区别？",
    "用 with 语句打开文件。",
    "together 一起用更好。",
    "再看看 other 选项。",
    "the weather 接口没有返回。",
    "push 到 master 分支。",
    "换成 full 精度再跑。",
    "这是 vision 模型。",
    "something 出错了。",
    "他用 Python 写了一个 crawler。",
    "把 tooltip 关掉，留下 footer。",
    "bushel 和 pudding 怎么读？",
    "leather 沙发在 northwest 仓库。",
    "neither 方案都不行。",
    "先看 exposure，再算 collision。",
    "seizure 是医学词汇。",
    "她的 thesis 讲 theory of growth。",
    "嗓子 hoarse，要 avoid 辣椒。",
    "他买了一台 Toyota，很 joyful。",
    "先 mount 这块盘，再 allow 写入。",
    "brown 色的 gown 在 downtown 店。",
    "fashion 周的 shuttle 几点发车？",
    "他在 Beijing 唱 swing。",
    "把 gigabyte 换成 megabyte。",
    "who 和 whom 分不清。",
    "water 杯放 hallway 里。",
    "earth 和 breath 押韵吗？",
    "请看 chapter two 的 picture。",
    "zebra 和 gentle giant 都要测。",
)
"""Each is spoken once, by the voices in turn."""


def spoken() -> Iterator[Example]:
    """The teacher's speech of the sentences, neutral and at its own pace; the same ones every time."""
    front_end = FrontEnd()
    gains = {speaker: level_gain(speaker) for speaker in SPEAKERS}
    for number, sentence in enumerate(SENTENCES):
        speaker = tuple(SPEAKERS)[number % len(SPEAKERS)]
        units = [unit for part in front_end.read(sentence).sentences for unit in part.units]
        yield taught(units, speaker=speaker, emotion="中性", pace=0.0, gain=gains[speaker])
