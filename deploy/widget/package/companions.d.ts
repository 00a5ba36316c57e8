import type { MovieTogetherChat, MovieTogetherPeople, MovieTogetherReactions } from "./types/deploy/widget/package/companions.js";

export * from "./types/deploy/widget/package/companions.js";

declare global {
  interface HTMLElementTagNameMap {
    "movie-together-chat": MovieTogetherChat;
    "movie-together-people": MovieTogetherPeople;
    "movie-together-reactions": MovieTogetherReactions;
  }
}
