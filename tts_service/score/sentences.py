"""The fixed sentences that a voice or an engine is scored with, so that before and after can be compared.

Written for this project. A change of any sentence needs a new VERSION: figures of two versions are not compared.
"""

from dataclasses import dataclass
from typing import Final

VERSION: Final = 1


@dataclass(frozen=True)
class Sentence:
    """One sentence, its name and what it is there for."""

    name: str
    text: str


SENTENCES: Final[tuple[Sentence, ...]] = tuple(
    Sentence(name, text)
    for name, text in (
        ("short-1", "你好。"),
        ("short-2", "谢谢！"),
        ("short-3", "部署完成。"),
        ("short-4", "好的，马上来。"),
        ("tones-1", "春天花开，微风轻吹，山间清溪弯弯。"),
        ("tones-2", "明年来人，同学团圆，河流绵延南行。"),
        ("tones-3", "请你给我买两把小雨伞。"),
        ("tones-4", "这次会议是上个月末在第二办公室做的记录。"),
        ("tones-5", "妈妈的桌子上放着爷爷的帽子和我们的本子。"),
        ("tones-6", "妈麻马骂，汤糖躺烫，通同统痛。"),
        ("sandhi-1", "一天一夜，不见不散，想一想再说。"),
        ("sandhi-2", "老李想找几把好雨伞给小马。"),
        ("polyphone-1", "银行行长走在人行道上，边走边数钱数。"),
        ("polyphone-2", "音乐老师教大家重新演唱，乐得合不拢嘴。"),
        ("polyphone-3", "他长得高，长大以后还要还书，还说得去一趟成都。"),
        ("polyphone-4", "他为了参加会议，把会计的调查报告调整了一遍。"),
        ("number-1", "今天是2026年11月22日，星期日，上午9点30分。"),
        ("number-2", "气温零下3℃到8℃，降水概率30%，风速每秒4.5米。"),
        ("number-3", "一共是￥1,299.50元，打八五折以后省了两百块。"),
        ("number-4", "请拨打010-12345678，分机号是802。"),
        ("number-5", "服务端口从7860改成7861，版本号是v2.5.1。"),
        ("english-1", "GPU显存不够，请改用CPU运行这个model。"),
        ("english-2", "打开GitHub，点击download，然后用Python启动server。"),
        ("english-3", "这个bug已经fixed，请更新到最新的release。"),
        ("english-4", "Hello world, the service is ready."),
        ("question-1", "你吃饭了吗？"),
        ("question-2", "这台服务器上运行的到底是哪个版本呢？"),
        ("question-3", "是先下载模型，还是先检查显卡？"),
        ("feeling-1", "太好了，我们终于成功了！"),
        ("feeling-2", "真遗憾，今天的比赛又输了，大家都很难过。"),
        ("sibilants-1", "四是四，十是十，十四是十四，四十是四十。"),
        ("nasals-1", "陈先生和程先生都姓陈，金英和经营的声音很像。"),
        ("initials-1", "牛奶流到蓝色的南瓜上，女旅客绿了脸。"),
        ("rounded-1", "雨云远去，月下的泉水绕过旧院，许多学员选择坐军用卡车。"),
        ("erhua-1", "一会儿去胡同口那儿玩儿，顺便买点儿花儿。"),
        (
            "long-1",
            "软件部署最怕没有记录：谁在什么时候动了哪台机器，运行了哪条命令，出了什么问题，最后又是怎么解决的，都应该写下来。",
        ),
        (
            "long-2",
            "傍晚的时候，孩子们沿着河边慢慢走回家，远处的灯一盏一盏亮起来，水面上映着晚霞，谁也没有说话，只听见脚步声和偶尔的鸟叫。",
        ),
        ("list-1", "需要准备的东西有：纸、笔、尺子、剪刀，还有一杯热水。"),
    )
)
