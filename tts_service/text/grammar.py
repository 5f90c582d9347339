"""Words that tell how a character beside them is read."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ASKING: Final = _words(
    "读者 观众 客户 用户 家长 考生 学生 市民 群众 对方 朋友 主人 组委会 大会 政府 总统 国王 校方 厂方 "
    "老师 公司 我 你 他 她 他们"
)
"""Those at whose wish something is done: 应读者要求."""
LIVED: Final = _words(
    "参加 参观 参与 学习 研究 讨论 工作 生活 居住 考虑 经历 经营 接受 接触 担任 采访 调查 访问 发生 出现 "
    "出版 发表 使用 尝试 体验 帮助 批评 表扬 介绍 提到 提出 听说 看见 看到 听到 见到 想到 遇到 去到 得到 "
    "受到 收到 买到 吃到 说到 用到 做到 感到 解决 解释 回答 回复 联系 联络 合作 服务 服役 旅游 旅行 出差 "
    "留学 结婚 离婚 恋爱 喜欢 讨厌 后悔 怀疑 担心 害怕 放弃 失败 成功 获得 赢得 取得 失去 治疗 检查 化验 "
    "手术 住院 登录 注册 购买 订购 投诉 举报 申请 审核 测试 部署 安装 升级 修改 修理 维修 打扫 整理 清理 "
    "收拾 准备 安排 组织 举办 举行 召开 开展 进行 完成 实现 表演 演出 演唱 创作 拍摄 翻译 阅读 背诵 练习 "
    "训练 比赛 打听 请教 咨询 商量 答应 承认 否认 拒绝 反对 支持 同意 批准 处理 处罚 警告 提醒 通知 告诉 "
    "欺骗 伤害 影响 改变 品尝 抱怨 犹豫 动摇 怀孕 生育 收养 饲养 种植 养殖 管理 领导 指挥 指导 教育 培训 "
    "辅导"
)
"""Verbs of two syllables behind which 过 says that it has happened once: 参加过."""
POSTS: Final = _words("老板 队长 厂长 所长 站长 店长 村长 镇长 县长 市长 连长 班长 教练 导演 总监 董事长")
"""Titles behind which hardly anybody is called Ren: 任市长期间 is about an office."""
