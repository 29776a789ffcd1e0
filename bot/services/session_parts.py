"""Keeps the parts of running sessions from being extended past the vote."""

from bot.domain.errors import UserError
from bot.domain.sessions.models import PostKind
from bot.store.store import Store


async def require_no_session(store: Store, extension_id: int) -> None:
    """Raise UserError if an extension is a part of a session that runs."""
    session_id = await store.session_of_extension(extension_id)
    if session_id is None:
        return
    posts = await store.posts_of(session_id)
    boards = [post for post in posts if post.key.kind is PostKind.BOARD and post.reply.url]
    newest = max(boards, key=lambda post: post.key.round_number or 0, default=None)
    board = f"[the board]({newest.reply.url})" if newest is not None else "the board"
    raise UserError(
        "This part belongs to a session.",
        f"Propose there what comes next: {board}. "
        "Once the song is finished, anybody may extend it.",
    )
