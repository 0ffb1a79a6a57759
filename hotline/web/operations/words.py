"""What jobs and roles of the house are called on the screen; English in the catalogue."""

from typing import Final

JOBS: Final = {
    "parse_contact": "解析来件",
    "send_receipt": "发送受理回执",
    "tell_answer": "告知直接答复",
    "tell_cancellation": "告知工单作废",
    "send_message": "发送信函或短信",
    "submit_case": "送案卷系统",
    "reopen_case": "重办送案卷系统",
    "record_case_progress": "接收案卷进展",
    "schedule_callbacks": "安排回访",
    "attempt_callback": "回访",
    "review_callback": "核对回访结果",
    "record_call_end": "登记通话结果",
    "record_return_end": "登记回拨结果",
    "tell_not_reached": "短信告知回拨未接通",
    "record_message_sent": "登记信函送达",
    "record_message_failed": "登记信函失败",
    "write_export": "生成导出文件",
    "open_voicemail": "登记电话留言",
    "reopen_companions": "重办并案的其他诉求",
    "propose_merges": "查找可并案的案卷",
}
"""What a job does, in words; one without words is shown by its name."""

ROLES: Final = {
    "web": "网页",
    "voice": "话务",
    "mail": "邮件",
    "worker": "作业",
    "sweeper": "巡查",
}
"""The processes of the house; one without a word is shown by its name."""

FINDINGS: Final = {
    "no_recording": "无录音",
    "unreadable": "无法播放",
    "changed": "与封存哈希不符",
    "too_short": "时长不足",
}
"""What a proof says of a call without a whole recording."""
