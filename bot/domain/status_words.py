"""The status words of all providers, mapped onto ours (providers.md §5.3)."""

from bot.domain.models import ClipStatus

_WORDS = {
    ClipStatus.SUBMITTED: ("submitted", "pending", "not_start"),
    ClipStatus.QUEUED: ("queued", "queue", "running", "processing", "in_progress", "text_success"),
    ClipStatus.STREAMING: ("streaming", "first_success"),
    ClipStatus.COMPLETE: ("complete", "completed", "succeeded", "success"),
    ClipStatus.FAILED: (
        "error",
        "failed",
        "failure",
        "timeout",
        "create_task_failed",
        "generate_audio_failed",
        "callback_exception",
        "sensitive_word_error",
    ),
}
_STATUSES = {word: status for status, words in _WORDS.items() for word in words}


def clip_status(word: str | None) -> ClipStatus:
    """Return our status for a provider's ``word``; an unknown one means that it still runs."""
    return _STATUSES.get((word or "").strip().lower(), ClipStatus.QUEUED)
