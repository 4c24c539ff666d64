/** Resource calls as promises. */

/** A resource refused: its command and its reason. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
  readonly command: string;

  constructor(command: string) {
    super(command);
    this.command = command;
  }
}

/** Asks a resource. A refusal throws a [`ResourceError`] whose stack leads to the caller. */
export function request<Reply>(command: string, params: Record<string, unknown>): Promise<Reply> {
  // Made now, because in the callback the caller is no longer on the stack.
  const refusal = new ResourceError(command);
  return new Promise((resolve, reject) => {
    api.request(command, params, (reply) => {
      if (reply.success) return resolve(reply as Reply);
      refusal.message = `${command}: ${reply.reason ?? "refused without a reason"}`;
      reject(refusal);
    });
  });
}
