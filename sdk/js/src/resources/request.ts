/** Resource calls as promises. */

/** A resource refused: its command and its reason. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
  readonly command: string;
  readonly reason: string;

  constructor(command: string, reason = "") {
    super(reason === "" ? command : `${command}: ${reason}`);
    this.command = command;
    this.reason = reason;
  }
}

/** Asks a resource. A refusal throws a [`ResourceError`] whose stack leads to the caller. */
export function request<Reply>(command: string, params: Record<string, unknown>): Promise<Reply> {
  // Made now, because in the callback the caller is no longer on the stack.
  const asked = new ResourceError(command);
  return new Promise((resolve, reject) => {
    const refuse = (reason: string): void => {
      reject(Object.assign(asked, { reason, message: `${command}: ${reason}` }));
    };
    if (isRefusing) return refuse("nothing is asked of the outside while the service is described");
    api.request(command, params, (reply) => {
      if (reply.success) return resolve(reply as Reply);
      refuse(reply.reason ?? "refused without a reason");
    });
  });
}

/** Asks a resource; `undefined` where it refuses with such a reason. */
export async function requestUnless<Reply>(
  reason: RegExp,
  command: string,
  params: Record<string, unknown>,
): Promise<Reply | undefined> {
  try {
    return await request<Reply>(command, params);
  } catch (error) {
    if (error instanceof ResourceError && reason.test(error.reason)) return undefined;
    throw error;
  }
}

let isRefusing = false;

/** Does something during which every resource refuses. */
export async function whileRefusing<Result>(act: () => Promise<Result>): Promise<Result> {
  isRefusing = true;
  try {
    return await act();
  } finally {
    isRefusing = false;
  }
}
