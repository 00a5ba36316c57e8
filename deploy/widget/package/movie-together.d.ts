import type { MovieTogether } from "./types/deploy/widget/package/movie-together.js";

export * from "./types/deploy/widget/package/movie-together.js";

declare global {
  interface HTMLElementTagNameMap {
    "movie-together": MovieTogether;
  }
}
