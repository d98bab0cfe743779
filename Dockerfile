# regaudit with what live tenants and workbooks need.
#   docker build --tag regaudit .
#   docker run --rm --volume "$PWD:/work:ro" regaudit scan .
FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --constraint .ci/constraints.txt hatchling msgspec pathspec \
 && pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .
RUN python -m venv /opt/regaudit \
 && /opt/regaudit/bin/pip install --no-cache-dir --constraint .ci/constraints.txt "$(echo /wheels/*.whl)[live,xlsx]"

FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
COPY --from=build /opt/regaudit /opt/regaudit
ENV PATH=/opt/regaudit/bin:$PATH
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["regaudit"]
CMD ["--help"]
