# Python 3.11, for which requirements.lock is made
FROM python:3.11-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# Everything in the lock comes here and is checked against its hashes; what runs Encore is then
# taken from these files alone, without the tools for tests.
COPY requirements.lock ./
RUN pip wheel --quiet --no-deps --require-hashes -r requirements.lock --wheel-dir /wheels

COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
RUN python -m venv --without-pip /encore \
    && pip --python /encore/bin/python install --quiet --no-index --find-links /wheels ".[postgres]"


FROM python:3.11-slim

RUN useradd --system --uid 10001 --no-create-home encore \
    && install --directory --owner=encore --group=encore /data
COPY --from=build /encore /encore

ENV PATH=/encore/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENCORE_DATABASE_URL=sqlite+aiosqlite:////data/encore.db \
    ENCORE_STATE_DIR=/data

USER encore
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "bot", "health"]
CMD ["python", "-m", "bot"]
