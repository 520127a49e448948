// Tags of subscribers, groups and devices: `[{"tagName":..,"tagValue":..}, ..]` where they change, an object where they show.

import { z } from 'zod';
import { record } from '../../record.js';
import { API_LIMITS } from '../limits.js';
import { ApiError } from './error.js';
import { text, word } from './parameters.js';

const tagName = z.string().min(1).max(API_LIMITS.tagName);
const tagValue = z.string().max(API_LIMITS.tagValue);

export const tagList = z.array(z.object({ tagName, tagValue })).max(API_LIMITS.tags);

/** As the definition's TagSet. */
export const tagSet = record(tagName, tagValue, { max: API_LIMITS.tags, what: 'tags' });

/** Tags that show. */
export const tagsShown = record(z.string(), z.string());

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

/** The parameters of a list that is filtered by tags. */
export const tagFiltering = { tag_name: text(), tag_value: text(), tag_value_match_mode: word(['exact', 'prefix']) };

/** What they let through. Throws ApiError. */
export function tagFilter({
  query,
}: {
  readonly query: { readonly [N in keyof typeof tagFiltering]: z.output<(typeof tagFiltering)[N]> };
}): (tags: Tags) => boolean {
  const { tag_name: name = '', tag_value: value, tag_value_match_mode: mode = 'exact' } = query;
  if (name === '') return () => true;
  if (value === undefined) throw new ApiError('malformed', 'tag_value must be given with tag_name');
  return (tags) => {
    const found = Object.hasOwn(tags, name) ? tags[name] : undefined;
    return mode === 'exact' ? found === value : (found?.startsWith(value) ?? false);
  };
}
