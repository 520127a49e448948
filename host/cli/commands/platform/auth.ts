import { type Command, InvalidArgumentError } from 'commander';
import { TOKEN_SECONDS } from '../../../platform/choices.js';
import { JobError, Output, UsageError } from '../../output.js';
import { type ApiCommandOptions, credentialsOf, signIn, urlOf, verb } from './client.js';

/** `akari platform auth`: a key and token for what follows, in the form that a shell evaluates. */
export function authCommand(): Command {
  return verb('auth', 'sign in; prints key and token as lines for eval "$(..)", for the verbs that follow')
    .option('--token-timeout <seconds>', `life of the token, ${TOKEN_SECONDS.min} to ${TOKEN_SECONDS.max}`, seconds)
    .action(async (options: ApiCommandOptions & { readonly tokenTimeout?: number }) => {
      const output = new Output(options.json === true);
      try {
        const { tokenTimeout = TOKEN_SECONDS.default } = options;
        const ticket = await signIn(urlOf(options), credentialsOf(options), tokenTimeout);
        const { apiKey, token, operatorId } = ticket;
        output.text(`export AKARI_API_KEY=${apiKey}`);
        output.text(`export AKARI_TOKEN=${token}`);
        output.result(true, { apiKey, token, operatorId });
      } catch (error) {
        if (error instanceof JobError || error instanceof UsageError) output.result(false, { reason: error.message });
        throw error;
      }
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < TOKEN_SECONDS.min || value > TOKEN_SECONDS.max) {
    throw new InvalidArgumentError(`expected ${TOKEN_SECONDS.min} to ${TOKEN_SECONDS.max}.`);
  }
  return value;
}
