# calltally in a container: how to run it is in docs/containers.md, what checks this file in docs/decisions/0041.
# Both stages begin with the same Python, because the second takes over the environment that the first has made for it.
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv tools
# What is locked, with its hashes; this layer stays until the lock changes.
COPY requirements.lock ./
RUN tools/bin/pip wheel --quiet --require-hashes --requirement requirements.lock --wheel-dir wheels
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
# From here on nothing is fetched. The environment gets calltally and what it imports, without pip and build tools.
RUN tools/bin/pip install --quiet --no-index --find-links wheels editables hatchling \
    && tools/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir wheels . \
    && python -m venv --without-pip /opt/calltally \
    && tools/bin/pip --python /opt/calltally/bin/python install --quiet --no-index --find-links wheels calltally

FROM python:${PYTHON}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="calltally" \
    org.opencontainers.image.description="Call statistics and a live board for any phone system, from one small service." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}"
# The user has a fixed number, so that a folder of the host can be given to it.
RUN groupadd --gid 10001 calltally \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin calltally \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/calltally /opt/calltally
COPY LICENSE NOTICE /usr/share/doc/calltally/
ENV PATH=/opt/calltally/bin:${PATH} \
    CALLTALLY_DATA=/data \
    CALLTALLY_SERVER__LISTEN=0.0.0.0:8080 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-ISc", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/readyz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["calltally"]
CMD ["serve"]
