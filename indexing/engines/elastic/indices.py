"""A store's two indices on a server: made, opened, refreshed, read page by page."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from elasticsearch import Elasticsearch

from indexing.engines.elastic import faults, template
from indexing.engines.elastic.address import Address
from indexing.engines.elastic.server import Passing, Server
from indexing.engines.elastic.settings import LOADING_REFRESH
from indexing.errors import StoreForbidden, StoreMismatch

PAGE = 1000
_EXISTS = "resource_already_exists_exception"
Source = dict[str, Any]


class Indices:
    """Reads and refreshes. What this process wrote is found by its own next search."""

    def __init__(self, server: Server, address: Address) -> None:
        self.server = server
        self.location = address.location
        self.truth = address.name
        self.passages = template.alias(address.name)
        self._mutex = threading.Lock()
        self._stale: set[str] = set()
        self.writes = 0
        """Grows with whatever this process writes."""
        self.unfit = ""
        """Why passages can be neither searched nor written; empty if they can."""

    def open(self, *, create: bool) -> None:
        """Raises :class:`StoreNotFound` or :class:`StoreMismatch`."""
        found = self._about()
        if found:
            self._require_ours(found)
        elif create:
            self._create()
        else:
            raise faults.missing(self.location)

    def require_fit(self) -> None:
        """Raises :class:`StoreMismatch` where only a rebuild helps, and nobody has done one yet."""
        if self.unfit:
            self.open(create=False)
        if self.unfit:
            raise StoreMismatch(self.unfit)

    def drop(self) -> None:
        """Delete the store."""
        self.delete(*self.passages_names(), self.truth)

    def delete(self, *names: str) -> None:
        """Delete indices, those of them that are there."""
        self.server.write(
            lambda client: client.indices.delete(index=list(names), ignore_unavailable=True)
        )

    def written(self, *indices: str) -> None:
        """Note that searches do not see everything of these yet."""
        with self._mutex:
            self._stale.update(indices)
            self.writes += 1

    def refresh(self, *indices: str) -> None:
        """Let searches find all that this process wrote to these."""
        with self._mutex:
            stale = [name for name in indices if name in self._stale]
        if stale:
            self.force_refresh(*stale)

    def force_refresh(self, *indices: str) -> None:
        """Let searches find all that anybody wrote."""
        # Taken off before: what is written meanwhile asks for one more refresh.
        with self._mutex:
            ours = self._stale.intersection(indices)
            self._stale -= ours
        try:
            self.server.write(lambda client: client.indices.refresh(index=list(indices)))
        except BaseException:
            self.written(*ours)  # not what others wrote: who only reads may refresh nothing
            raise

    def search(self, index: str, **body: Any) -> Mapping[str, Any]:
        """One search that is complete or fails: no answer leaves out a shard."""
        self.refresh(index)

        def call(client: Elasticsearch) -> Mapping[str, Any]:
            answer: Mapping[str, Any] = client.search(
                index=index, allow_partial_search_results=False, **body
            ).body
            return answer

        return self.server.search(call)

    def probe(self) -> None:
        """Ask both indices for nothing; raises :class:`StoreError` unless they answer at once."""

        def call(client: Elasticsearch) -> None:
            client.search(
                index=[self.truth, self.passages],
                query={"match_none": {}},
                size=0,
                allow_partial_search_results=False,
            )

        self.server.probe(call)

    def get(self, index: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Source]:
        """Sources by document id, as they are now, refreshed or not."""
        found: dict[str, Source] = {}
        for at in range(0, len(ids), PAGE):
            some = list(ids[at : at + PAGE])

            def call(client: Elasticsearch, some: list[str] = some) -> Mapping[str, Any]:
                answer: Mapping[str, Any] = client.mget(
                    index=index, ids=some, source_includes=list(fields)
                ).body
                for item in answer["docs"]:
                    if "error" in item:
                        raise self._broken(item["error"])
                return answer

            for item in self.server.search(call)["docs"]:
                if item.get("found"):
                    found[item["_id"]] = item["_source"]
        return found

    def scan(
        self, index: str, query: Mapping[str, Any], *, size: int = PAGE, **body: Any
    ) -> Iterator[list[Mapping[str, Any]]]:
        """Pages of hits, in the order of ``id``, which has to be unique in them."""
        after: list[Any] | None = None
        while True:
            more = {"search_after": after} if after else {}
            answer = self.search(
                index,
                query=dict(query),
                size=size,
                sort=[{"id": "asc"}],
                track_total_hits=False,
                **more,
                **body,
            )
            hits = answer.get("hits", {}).get("hits", [])  # filtered answers leave out lists
            if hits:
                after = hits[-1]["sort"]
                yield hits
            if len(hits) < size:
                return

    def purge(self) -> None:
        """Ask the server to merge removed passages away; it does so in its own time."""
        self.server.write(
            lambda client: client.indices.forcemerge(
                index=self.passages, only_expunge_deletes=True, wait_for_completion=False
            )
        )

    def counted(self) -> tuple[int, int]:
        """Passages that are there, and removed ones that still weigh in the term statistics."""
        found = self._stats("docs", [self.passages])["docs"]
        return int(found["count"]), int(found["deleted"])

    def measured(self) -> tuple[int, int]:
        """A number that grows with every change of the truth, and the bytes of both indices."""
        newest = (newest + 1 for newest, _ in self.sequences(self.truth))
        size = self._stats("store", [self.truth, self.passages])["store"]["size_in_bytes"]
        return sum(newest), int(size)

    def sequences(self, index: str) -> list[tuple[int, int]]:
        """For each shard the number of its last change, and up to which all are done for good.

        The second is the global checkpoint: what all copies have, and no failure takes back.
        """
        answer: Mapping[str, Any] = self.server.search(
            lambda client: client.indices.stats(index=index, metric="docs", level="shards").body
        )
        shards = answer["indices"].get(index, {}).get("shards", {})
        copies = ([one["seq_no"] for one in shards[key]] for key in sorted(shards, key=int))
        return [
            (
                max(int(one["max_seq_no"]) for one in numbers),
                max(int(one["global_checkpoint"]) for one in numbers),
            )
            for numbers in copies
        ]

    def identities(self) -> dict[str, str]:
        """The server's own identifier of both indices, by name (not by alias)."""
        found: Mapping[str, Any] = self.server.search(
            lambda client: client.indices.get_settings(
                index=[self.truth, self.passages], name="index.uuid"
            ).body
        )
        return {name: about["settings"]["index"]["uuid"] for name, about in found.items()}

    def _stats(self, metric: str, names: Sequence[str]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.server.search(
            lambda client: client.indices.stats(index=list(names), metric=metric).body
        )
        found: Mapping[str, Any] = answer["_all"]["primaries"]
        return found

    def settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of both indices."""
        self.server.write(
            lambda client: client.indices.put_settings(
                index=[self.truth, self.passages], settings=dict(values)
            )
        )

    def mend(self, *, writing: bool) -> None:
        """Let searches find what a load that was killed left behind, or one has written so far.

        With ``writing`` the interval of refreshes is put back, too.
        """
        found: Mapping[str, Any] = self.server.search(
            lambda client: client.indices.get_settings(
                index=[self.truth, self.passages],
                name="index.refresh_interval",
                ignore_unavailable=True,
            ).body
        )
        intervals = {about["settings"]["index"]["refresh_interval"] for about in found.values()}
        if LOADING_REFRESH not in intervals:
            return
        with suppress(StoreForbidden):  # a reader may not, and sees it half a minute later
            self.force_refresh(*found)
        if writing:
            self.settings({"refresh_interval": self.server.settings.refresh})

    def create_passages(self, **more: Any) -> str:
        """One more, empty, index of passages; returns its name."""
        name = template.new_passages_name(self.truth)
        body = {**template.passages(self.server.settings), **more}
        self.server.write(lambda client: client.indices.create(index=name, **body))
        return name

    def concrete_passages(self) -> list[str]:
        """The index behind the alias, if there is one."""
        found: Mapping[str, Any] = self.server.search(
            lambda client: client.options(ignore_status=404)
            .indices.get_alias(name=self.passages)
            .body
        )
        return [name for name in found if name.startswith(f"{self.passages}-")]

    def passages_names(self) -> list[str]:
        """Every index of passages, also what an interrupted rebuild left."""
        found: Mapping[str, Any] = self.server.search(
            lambda client: client.indices.get(index=f"{self.passages}-*").body
        )
        return sorted(found)

    def switch(self, new: str, old: Sequence[str] = ()) -> None:
        """Let the alias name ``new``, in one step."""
        actions: list[dict[str, Any]] = [{"add": {"index": new, "alias": self.passages}}]
        actions += [{"remove": {"index": name, "alias": self.passages}} for name in old]
        self.server.write(lambda client: client.indices.update_aliases(actions=actions))

    def _create(self) -> None:
        # The truth comes last: a store that has it is complete.
        self.create_passages(aliases={self.passages: {}})
        body = template.truth(self.server.settings)

        def create(client: Elasticsearch) -> None:
            answer = client.options(ignore_status=400).indices.create(index=self.truth, **body)
            error = answer.body.get("error", {})
            if error and error.get("type") != _EXISTS:
                raise StoreMismatch(f"{self.location}: cannot be made: {error.get('reason')}")

        self.server.write(create)

    def _about(self) -> dict[str, Any]:
        """What the mappings say of themselves, by index; empty where there is no store."""

        def call(client: Elasticsearch) -> Mapping[str, Any]:
            answer: Mapping[str, Any] = client.indices.get_mapping(
                index=[self.truth, self.passages], ignore_unavailable=True
            ).body
            return answer

        found = self.server.search(call)
        if self.truth not in found:
            return {}
        return {name: about["mappings"].get("_meta", {}) for name, about in found.items()}

    def _require_ours(self, found: Mapping[str, Any]) -> None:
        ours = {name: about.get("reviewqa", {}) for name, about in found.items()}
        if ours[self.truth].get("role") != "truth":
            raise StoreMismatch(
                f"{self.location}: there is an index of that name that reviewqa has not made; "
                "choose another name"
            )
        formats = {about.get("format") for about in ours.values()}
        if formats != {template.FORMAT}:
            raise StoreMismatch(
                f"{self.location} has format {', '.join(sorted(map(str, formats)))}, this version "
                f"of reviewqa reads {template.FORMAT}; use the version that made it, or take it "
                "along with that version's `reviewqa store copy`"
            )
        self.unfit = self._misfit([about for about in ours.values() if "analyzer" in about])

    def _misfit(self, derived: Sequence[Mapping[str, Any]]) -> str:
        rebuild = f"run `reviewqa store rebuild --store {self.location}`"
        if not derived:
            return f"{self.location} has lost its passages; {rebuild}"
        if any(about["analyzer"] != template.ANALYZER for about in derived):
            return f"{self.location} was analysed by other rules than this version's; {rebuild}"
        return ""

    def _broken(self, error: Mapping[str, Any]) -> Exception:
        if error.get("type") == "index_not_found_exception":
            return faults.missing(self.location)
        # Of a shard that is being found again, say; the answer as a whole is 200.
        return Passing(
            f"{self.location}: the server cannot read some documents now ({error.get('type')}); "
            "try again later"
        )
