# The service as an image: `docker compose build`, or `docker build --tag comments-service .`
# Tags name the versions that the tests run with.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/comments
ENV PATH=/opt/comments/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Every file is checked against its hash, and none is compiled here. What changes seldom comes first.
COPY requirements/run.txt requirements/
RUN pip install --no-deps --only-binary :all: --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY comments_service comments_service
RUN pip install --no-deps --no-build-isolation . \
    && pip uninstall --yes hatchling editables pip \
    && python -m compileall -q /opt/comments

FROM python:3.11-slim-bookworm
# A number, so that the owner of secrets' files and of volumes can be named outside of the image.
RUN groupadd --gid 10001 comments \
    && useradd --uid 10001 --gid comments --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin comments \
    && install --directory --owner comments --group comments --mode 0700 /var/lib/comments
COPY --from=build /opt/comments /opt/comments
# Embedded unless told otherwise: mount a volume at /var/lib/comments.
ENV PATH=/opt/comments/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    COMMENTS_DATABASE_URL=sqlite:////var/lib/comments/comments.db
USER 10001:10001
WORKDIR /var/lib/comments
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["comments-service"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
