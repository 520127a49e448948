// Tags of subscribers and groups: `[{"tagName":..,"tagValue":..}, ..]`.

import { z } from 'zod';
import { API_LIMITS } from '../choices.js';
import { ApiError } from './error.js';

export const tagList = z
  .array(
    z.strictObject({
      tagName: z.string().min(1).max(API_LIMITS.tagName),
      tagValue: z.string().max(API_LIMITS.tagValue),
    }),
  )
  .max(API_LIMITS.tags);

type Tags = Readonly<Record<string, string>>;

/** The tags with these added or replaced. Throws ApiError when they become too many. */
export function withTags(tags: Tags, list: z.output<typeof tagList>): Tags {
  const all = new Map(Object.entries(tags));
  for (const { tagName, tagValue } of list) all.set(tagName, tagValue);
  if (all.size > API_LIMITS.tags) throw new ApiError('malformed', `${API_LIMITS.tags} tags are the limit`);
  return Object.fromEntries(all);
}

/** The tags without one. Throws ApiError: it is not there, or it is the name, which stays. */
export function withoutTag(tags: Tags, name: string): Tags {
  if (name === 'name') throw new ApiError('malformed', 'the tag "name" cannot be deleted');
  if (!Object.hasOwn(tags, name)) throw new ApiError('no-tag', `"${name}"`);
  return Object.fromEntries(Object.entries(tags).filter(([tag]) => tag !== name));
}

/** Filter of a list: `tag_name`, `tag_value`, `tag_value_match_mode`. */
export function tagFilter(call: {
  one(name: string): string | undefined;
  word<const W extends string>(name: string, words: readonly W[]): W | undefined;
}): (tags: Tags) => boolean {
  const name = call.one('tag_name');
  const value = call.one('tag_value');
  const mode = call.word('tag_value_match_mode', ['exact', 'prefix']) ?? 'exact';
  if (name === undefined) return () => true;
  if (value === undefined) throw new ApiError('malformed', 'tag_value is wanted with tag_name');
  return (tags) => {
    const found = Object.hasOwn(tags, name) ? tags[name] : undefined;
    return mode === 'exact' ? found === value : (found?.startsWith(value) ?? false);
  };
}
