"""What the people of gopang say, pay for and ask about."""

from typing import Final

from protocols.gopang import DrawerType

LINES: Final = (
    "안녕하세요!",
    "내일 몇 시에 볼까요?",
    "방금 보냈어요, 확인해 주세요",
    "ㅋㅋㅋㅋ 그거 저도 봤어요",
    "제주 날씨 어때요?",
    "네, 알겠습니다 🙂",
    "서류는 언제까지 내야 해요?",
    "조금 늦을 것 같아요",
    "Did you get my message?",
    "On my way",
    "Thank you, that helps a lot",
    "Let's talk tomorrow",
    "haha, same here",
    "One moment, please",
    "Lunch at noon?",
    "See you there",
)

OPEN_VAULT_LINE: Final = "제 금고를 보시려면 동의를 요청해 주세요"
"""What owners say in a conversation, so that requesters know whom to ask."""

PURCHASES: Final[tuple[tuple[int, str, str], ...]] = (
    (4_500, "커피", "food"),
    (9_000, "김밥 두 줄", "food"),
    (13_000, "택시비", "transport"),
    (27_000, "책 두 권", "education"),
    (55_000, "회비", "club"),
    (1, "장난", "other"),
)
"""Amount, description and category of what is paid for."""

PURPOSES: Final[dict[DrawerType, str]] = {
    "FINANCE": "대출 심사",
    "MEDICAL": "건강 검진",
    "EDUCATION": "입학 지원",
    "ADMIN": "주민 등록 확인",
    "TRANSPORT": "차량 대여",
    "GENERAL": "본인 확인",
}
"""Why somebody wants to see a drawer of each type."""
