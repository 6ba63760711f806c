# The service in a container, compiled. SIP and RTP want the host's network: docker run --network host …
# The first stage has the compiler (the image that is not slim), the second one only what it made.
FROM python:3.11 AS build
WORKDIR /src
COPY pyproject.toml constraints.txt hatch_build.py README.md ./
COPY app app
COPY b2bua b2bua
COPY bench bench
COPY media media
COPY migrations migrations
COPY queues queues
COPY scripts scripts
COPY sipcore sipcore
RUN python -m venv /opt/callyard \
    && /opt/callyard/bin/pip install --no-cache-dir -c constraints.txt . \
    && CALLYARD_COMPILE=1 CALLYARD_TRAINER=/opt/callyard/bin/python \
        pip wheel --no-cache-dir --no-deps --wheel-dir /wheel . \
    && /opt/callyard/bin/pip install --no-cache-dir --no-deps --force-reinstall /wheel/callyard-*.whl \
    && /opt/callyard/bin/python -P scripts/compiled_check.py

FROM python:3.11-slim
RUN groupadd --system --gid 10060 callyard \
    && useradd --system --uid 10060 --gid callyard --home-dir /var/lib/callyard --create-home callyard
COPY --from=build /opt/callyard /opt/callyard
ENV PATH=/opt/callyard/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CALLYARD_DATA_DIR=/var/lib/callyard \
    CALLYARD_SIP_LISTEN=udp:0.0.0.0:5060,tcp:0.0.0.0:5060 \
    CALLYARD_HTTP_LISTEN=0.0.0.0:8080
USER callyard
WORKDIR /var/lib/callyard
VOLUME /var/lib/callyard
EXPOSE 5060/udp 5060/tcp 8080/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['CALLYARD_HTTP_LISTEN'].rpartition(':')[2] + '/readyz', timeout=2)"]
CMD ["callyard", "serve"]
