/**
 * Tracepoints: events that go up to whoever listens, with no influence on what happens. Whoever
 * emits asks first whether somebody listens, so that an event nobody wants costs one branch and
 * makes no object. Node's diagnostics channels have this shape.
 */

/** A place that emits events of one kind. */
export interface Tracepoint<Event> {
  readonly hasSubscribers: boolean;
  /** Called only while {@link hasSubscribers}; runs inside a section and must not wait. */
  publish(event: Event): void;
}

/** Nobody listens. */
export const SILENT: Tracepoint<unknown> = { hasSubscribers: false, publish: () => {} };
