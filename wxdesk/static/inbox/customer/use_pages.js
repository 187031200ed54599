// Fetching what a section of the panel lists: the first page when it opens, more on demand.
import { useEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { get } from "../api.js";

const PAGE = 10;
const EMPTY = { status: "loading", items: [], nextCursor: null, error: null, isLoadingMore: false };

/**
 * {status, items, nextCursor, error, isLoadingMore, more, reload}. When `stamp` changes, the first
 * page is asked for again while the old one stays on screen.
 */
export function usePages(path, stamp, query = {}) {
  const [state, setState] = useState(EMPTY);
  const asked = useRef({ path: null, turn: 0 });

  const fetchFirst = async () => {
    asked.current.turn += 1;
    const { turn } = asked.current;
    try {
      const page = await get(path, { query: { limit: PAGE, ...query } });
      if (turn !== asked.current.turn) return;
      setState({ ...EMPTY, status: "ready", items: page.items, nextCursor: page.next_cursor });
    } catch (error) {
      if (turn !== asked.current.turn) return;
      setState((now) => (now.status === "ready" ? now : { ...EMPTY, status: "error", error }));
    }
  };

  useEffect(() => {
    if (asked.current.path !== path) setState(EMPTY);
    asked.current.path = path;
    fetchFirst();
    return () => (asked.current.turn += 1);
  }, [path, stamp]);

  const more = async () => {
    const { turn } = asked.current;
    setState((now) => ({ ...now, isLoadingMore: true }));
    try {
      const page = await get(path, { query: { limit: PAGE, ...query, cursor: state.nextCursor } });
      if (turn !== asked.current.turn) return;
      setState((now) => ({
        ...now,
        items: [...now.items, ...page.items],
        nextCursor: page.next_cursor,
        isLoadingMore: false,
      }));
    } catch {
      setState((now) => ({ ...now, isLoadingMore: false })); // the button is there to try again
    }
  };
  const reload = () => {
    setState(EMPTY);
    fetchFirst();
  };
  return { ...state, more, reload };
}
